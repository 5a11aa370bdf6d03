//! What a store holds of issues and incidents, without the numbers that it gives them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use rusqlite::Connection;

/// Account, Region, kind of resource, resource and problem.
pub(crate) type Identity = String;

/// An issue as it was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Issue {
    pub(crate) status: Option<u8>,
    pub(crate) severity: u8,
    pub(crate) title: String,
}

/// Route, fingerprint of the group, and how many incidents the group had before.
pub(crate) type Group = (String, String, u32);

/// An incident, with what is owed or was told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Incident {
    pub(crate) account: String,
    pub(crate) state: String,
    pub(crate) severity: u8,
    pub(crate) title: String,
    pub(crate) told: bool,
    pub(crate) members: BTreeSet<Identity>,
    /// `opened to jira`
    pub(crate) owed: BTreeSet<String>,
}

/// A look at a store from beside.
pub(crate) struct Look(Connection);

const IDENTITY: &str = "accounts.text || ' ' || coalesce(regions.text, '-') || ' ' || kinds.text
     || ' ' || resources.resource || ' ' || problems.text";
const NAMED: &str = "JOIN resources ON resources.id = issues.resource
     JOIN texts accounts ON accounts.id = resources.account
     LEFT JOIN texts regions ON regions.id = resources.region
     JOIN texts kinds ON kinds.id = resources.kind
     JOIN texts problems ON problems.id = problem";

impl Look {
    pub(crate) fn at(database: &Path) -> Self {
        Self(Connection::open(database).unwrap())
    }

    /// Those that findings report; one that none reports any more is only remembered.
    pub(crate) fn issues(&self) -> BTreeMap<Identity, Issue> {
        let sql = format!(
            "SELECT {IDENTITY}, status, severity, titles.text FROM issues {NAMED}
             JOIN texts titles ON titles.id = title
             WHERE EXISTS (SELECT 1 FROM findings WHERE issue = issues.id)"
        );
        let mut statement = self.0.prepare_cached(&sql).unwrap();
        let rows = statement.query_map([], |row| {
            let issue = Issue {
                status: row.get(1)?,
                severity: row.get(2)?,
                title: row.get(3)?,
            };
            Ok((row.get(0)?, issue))
        });
        rows.unwrap().map(Result::unwrap).collect()
    }

    pub(crate) fn incidents(&self) -> BTreeMap<Group, Incident> {
        let members = self.by_incident(&format!(
            "SELECT incident, {IDENTITY} FROM incident_issues
             JOIN issues ON issues.id = issue {NAMED}"
        ));
        let owed = self.by_incident("SELECT incident, occasion || ' to ' || sink FROM deliveries");
        let mut statement = self
            .0
            .prepare_cached(
                "SELECT incidents.id, route, hex(\"group\"), earlier, state, severity, title, told,
                        accounts.text
                 FROM incidents JOIN resources ON resources.id = incidents.resource
                 JOIN texts accounts ON accounts.id = resources.account",
            )
            .unwrap();
        let rows = statement.query_map([], |row| {
            let id: i64 = row.get(0)?;
            let incident = Incident {
                account: row.get(8)?,
                state: row.get(4)?,
                severity: row.get(5)?,
                title: row.get(6)?,
                told: row.get(7)?,
                members: members.get(&id).cloned().unwrap_or_default(),
                owed: owed.get(&id).cloned().unwrap_or_default(),
            };
            Ok(((row.get(1)?, row.get(2)?, row.get(3)?), incident))
        });
        rows.unwrap().map(Result::unwrap).collect()
    }

    fn by_incident(&self, sql: &str) -> BTreeMap<i64, BTreeSet<String>> {
        let mut found: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
        let mut statement = self.0.prepare_cached(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        for (incident, what) in rows.unwrap().map(Result::unwrap) {
            found.entry(incident).or_default().insert(what);
        }
        found
    }

    /// What has happened to incidents since they were opened.
    pub(crate) fn turns(&self) -> Vec<(i64, String)> {
        let sql = "SELECT incident, turn FROM incident_turns ORDER BY id";
        let mut statement = self.0.prepare_cached(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.unwrap().map(Result::unwrap).collect()
    }
}
