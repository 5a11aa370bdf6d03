//! Opening the file: to write it, which only one process may, and to read it.

use std::{
    fs::{File, TryLockError},
    path::Path,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::{M, Migrations};

use crate::domain::Partition;

use super::{
    super::StoreError, about::SaidTags, deliveries, relations::SaidRelations,
    resources::ResourceIds, scopes::ScopeIds, texts::TextIds,
};

/// How long a statement waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How many prepared statements a connection keeps.
const STATEMENTS: usize = 128;
/// How much of the file the writer keeps in memory, in KiB: keys are spread over a scope's rows, so
/// SQLite's own 2 MB would read the same pages again and again.
const CACHE_KIB: i64 = 16 * 1024;
/// After how many pages of 4 KB the write-ahead log is copied into the file. A page that changes again
/// and again is copied once each time, so eight times SQLite's own figure saves most of it.
const CHECKPOINT_PAGES: i64 = 8_000;

/// How large the log stays on disk once it is copied, in bytes. It grows beyond that while somebody
/// reads for long.
const WAL_KEPT: i64 = 48 * 1024 * 1024;

const MIGRATIONS: &[M<'static>] = &[M::up(include_str!("migrations/0001.sql"))];

/// The only connection that writes, and what it remembers of what is written.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) memory: Memory,
    /// Held as long as this process writes; the system lets go of it when the process dies.
    _only_writer: File,
}

/// Numbers of rows that are looked up again and again. Forgotten whenever a transaction fails,
/// because it may hold numbers of rows that were never committed.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) scopes: ScopeIds,
    pub(super) texts: TextIds,
    pub(super) resources: ResourceIds,
    pub(super) relations: SaidRelations,
    pub(super) tags: SaidTags,
}

impl Writer {
    pub(super) fn open(path: &Path, partition: &Partition) -> Result<Self, StoreError> {
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory).map_err(|error| {
                StoreError::Unavailable(format!("cannot create {}: {error}", directory.display()))
            })?;
        }
        let only_writer = lock(path)?;
        let mut connection = Connection::open(path).map_err(|error| unopened(path, &error))?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        // Has to come first: a file that has tables no longer learns it.
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "journal_size_limit", WAL_KEPT)?;
        // A receipt that power loss takes back would become a second mail.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        migrate(&mut connection, path)?;
        claim_partition(&connection, partition)?;
        // Whoever held a lease is dead, because the lock was free.
        deliveries::end_leases(&connection)?;
        Ok(Self {
            connection,
            memory: Memory::default(),
            _only_writer: only_writer,
        })
    }
}

/// Makes this process the only one that writes: two daemons on one file would tell people twice.
fn lock(path: &Path) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let unlocked = |error: &dyn std::fmt::Display| {
        StoreError::Unavailable(format!("cannot lock {}: {error}", name.display()))
    };
    let file = File::create(&name).map_err(|error| unlocked(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Busy(format!(
            "another hubwatch writes to {}; stop it first, or use another store.url",
            path.display()
        ))),
        Err(TryLockError::Error(error)) => Err(unlocked(&error)),
    }
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let migrated = Migrations::from_slice(MIGRATIONS).to_latest(connection);
    migrated.map_err(|error| {
        if let rusqlite_migration::Error::RusqliteError { err, .. } = error {
            return StoreError::from(err);
        }
        StoreError::corrupt(format!("{}: {error}", path.display()))
    })
}

pub(super) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    open_known(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// For a word or two beside a daemon that writes; SQLite lets one of them wait for the other.
pub(super) fn open_amender(path: &Path) -> Result<Connection, StoreError> {
    let connection = open_known(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

/// Opens a database that is there already, and of this version's schema.
fn open_known(path: &Path, mode: OpenFlags) -> Result<Connection, StoreError> {
    let flags = mode | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection =
        Connection::open_with_flags(path, flags).map_err(|error| unopened(path, &error))?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if usize::try_from(version).ok() != Some(MIGRATIONS.len()) {
        return Err(StoreError::corrupt(format!(
            "{} has schema {version}, this version of hubwatch reads schema {}; \
             start the daemon of this version once",
            path.display(),
            MIGRATIONS.len()
        )));
    }
    Ok(connection)
}

fn unopened(path: &Path, error: &rusqlite::Error) -> StoreError {
    StoreError::Unavailable(format!("cannot open {}: {error}", path.display()))
}

fn claim_partition(connection: &Connection, partition: &Partition) -> Result<(), StoreError> {
    connection.execute(
        "INSERT INTO store (partition) SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM store)",
        [partition.as_str()],
    )?;
    let stored = stored_partition(connection)?;
    if stored != *partition {
        return Err(StoreError::corrupt(format!(
            "it holds findings of partition {stored}, and aws.partition is {partition}; \
             use one store for each partition"
        )));
    }
    Ok(())
}

pub(super) fn stored_partition(connection: &Connection) -> Result<Partition, StoreError> {
    let stored = connection.query_row("SELECT partition FROM store", [], |row| {
        row.get::<_, String>(0)
    })?;
    Ok(Partition::new(stored))
}
