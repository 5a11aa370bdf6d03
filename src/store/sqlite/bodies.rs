//! Raw findings, packed: those of one page that are worth keeping, compressed together.
//!
//! Findings of a page resemble each other, so a page compresses far better than its findings would
//! one by one, and costs a quarter of the time.

use std::ops::Range;

use rusqlite::{OptionalExtension, Transaction, params};

use super::{super::StoreError, rows};

/// Pages are so alike in themselves that the fastest level leaves only 3 % more than zstd's default
/// does, in three quarters of the time.
const LEVEL: i32 = 1;

/// A blob while its page is being recorded.
pub(super) struct Packing {
    id: i64,
    live: i64,
    bytes: Vec<u8>,
}

impl Packing {
    /// Starts a blob under the number it will have.
    pub(super) fn start(tx: &Transaction<'_>) -> Result<Self, StoreError> {
        let id = tx
            .prepare_cached("SELECT coalesce(max(id), 0) + 1 FROM bodies")?
            .query_row([], |row| row.get(0))?;
        Ok(Self {
            id,
            live: 0,
            bytes: Vec::new(),
        })
    }

    /// The number the blob will have.
    pub(super) fn id(&self) -> i64 {
        self.id
    }

    /// Adds a raw finding, and says where it stands.
    pub(super) fn add(&mut self, raw: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(raw);
        self.live += 1;
        start..self.bytes.len()
    }

    /// Takes the last raw finding out again: nothing points to it.
    pub(super) fn take_back(&mut self, place: Range<usize>) {
        self.bytes.truncate(place.start);
        self.live -= 1;
    }

    /// A finding no longer points to the blob that it pointed to.
    pub(super) fn release(&mut self, tx: &Transaction<'_>, body: i64) -> Result<(), StoreError> {
        if body == self.id {
            // Twice in one page: the blob is not written yet.
            self.live -= 1;
            return Ok(());
        }
        release(tx, body)
    }

    /// Writes the blob, if any finding points to it.
    pub(super) fn finish(self, tx: &Transaction<'_>) -> Result<(), StoreError> {
        if self.live == 0 {
            return Ok(());
        }
        tx.prepare_cached(
            "INSERT INTO bodies (id, live, packed, size, data) VALUES (?1, ?2, ?2, ?3, ?4)",
        )?
        .execute(params![
            self.id,
            self.live,
            rows::size(self.bytes.len()),
            compress(&self.bytes)?
        ])?;
        Ok(())
    }
}

/// A finding no longer points to a blob, which dies with its last one.
pub(super) fn release(tx: &Transaction<'_>, body: i64) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE bodies SET live = live - 1 WHERE id = ?1")?
        .execute([body])?;
    tx.prepare_cached("DELETE FROM bodies WHERE id = ?1 AND live <= 0")?
        .execute([body])?;
    Ok(())
}

/// Reads raw findings. Neighbours share a blob, so the last one is kept unpacked.
#[derive(Default)]
pub(super) struct Unpacking {
    last: Option<(i64, Vec<u8>)>,
}

impl Unpacking {
    /// The raw finding at a place in a blob.
    pub(super) fn raw(
        &mut self,
        tx: &Transaction<'_>,
        body: i64,
        place: Range<usize>,
    ) -> Result<String, StoreError> {
        let bytes = match self.last.take() {
            Some((id, bytes)) if id == body => bytes,
            _ => unpack(tx, body)?,
        };
        let raw = bytes
            .get(place)
            .and_then(|raw| std::str::from_utf8(raw).ok())
            .map(str::to_owned)
            .ok_or_else(|| StoreError::corrupt(format!("body {body} is too short")));
        self.last = Some((body, bytes));
        raw
    }
}

fn unpack(tx: &Transaction<'_>, body: i64) -> Result<Vec<u8>, StoreError> {
    let (size, data): (i64, Vec<u8>) = tx
        .prepare_cached("SELECT size, data FROM bodies WHERE id = ?1")?
        .query_row([body], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?
        .ok_or_else(|| StoreError::corrupt(format!("body {body} is missing")))?;
    decompress(&data, rows::offset(size)?)
}

pub(super) fn compress(bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
    zstd::bulk::compress(bytes, LEVEL)
        .map_err(|error| StoreError::Unavailable(format!("cannot compress: {error}")))
}

pub(super) fn decompress(bytes: &[u8], size: usize) -> Result<Vec<u8>, StoreError> {
    zstd::bulk::decompress(bytes, size)
        .map_err(|error| StoreError::corrupt(format!("cannot decompress: {error}")))
}
