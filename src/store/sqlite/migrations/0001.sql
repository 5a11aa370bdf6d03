-- Times are microseconds since 1970 in UTC unless a column says otherwise.

-- One row: what this database is.
CREATE TABLE store (
    partition TEXT NOT NULL,
    rulebook  BLOB,          -- fingerprint of the rules that issues were last decided by
    census_at INTEGER        -- when the last census was taken
) STRICT;

-- Accounts x Regions, and the vantages from which they are seen. A scope that is asked itself is
-- both: its sight is 'member'. Any other sight is a vantage alone: the row says how far it is read.
CREATE TABLE scopes (
    id            INTEGER PRIMARY KEY,
    account       TEXT    NOT NULL,
    region        TEXT    NOT NULL,
    sight         TEXT    NOT NULL,
    account_name  TEXT    NOT NULL,
    state         TEXT    NOT NULL,
    since         INTEGER NOT NULL,
    error         TEXT,
    last_complete INTEGER,
    first_contact INTEGER,
    watermark     INTEGER,
    history_from  INTEGER,
    late_at       INTEGER,
    reconciled_at INTEGER,
    watched_at    INTEGER,  -- when findings behind open incidents were last asked for by id
    watched_last  INTEGER,  -- the last of them; the next turn goes on behind it
    seen_from     INTEGER REFERENCES scopes (id),  -- the vantage that shows it, if not itself;
                                                   -- its own state is then 'ok' for ever
    seen_since    INTEGER,  -- since when it has been in that sight without a break
    met_at        INTEGER,  -- when any vantage first showed it: what it held then is history
    known         INTEGER NOT NULL DEFAULT 0,  -- whether some vantage has read all its history
    UNIQUE (account, region, sight)
) STRICT;
CREATE INDEX scopes_by_vantage ON scopes (seen_from, seen_since) WHERE seen_from IS NOT NULL;

-- Windows that were begun and not finished. Page tokens go stale, so they are never kept.
CREATE TABLE windows (
    scope INTEGER NOT NULL REFERENCES scopes (id),
    kind  TEXT    NOT NULL,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    "from" INTEGER NOT NULL,  -- everything in the window before this is recorded
    PRIMARY KEY (scope, kind)
) STRICT, WITHOUT ROWID;

-- Texts that repeat over many findings.
CREATE TABLE texts (
    id   INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
) STRICT;

-- The raw findings of one page, compressed together.
CREATE TABLE bodies (
    id   INTEGER PRIMARY KEY,
    live INTEGER NOT NULL,  -- how many findings point here
    size INTEGER NOT NULL,  -- uncompressed bytes
    data BLOB    NOT NULL   -- zstd
) STRICT;

-- The key has the scope in its high bits, so that the findings of a scope lie together, and 40 bits
-- of a fingerprint of product and id below; `verify` has 64 more of its bits.
CREATE TABLE findings (
    key          INTEGER PRIMARY KEY,
    verify       INTEGER NOT NULL,
    id_hash      INTEGER NOT NULL,  -- of the id alone, to find it when only the id is known
    issue        INTEGER NOT NULL,
    severity     INTEGER NOT NULL,
    standing     INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,  -- nanoseconds: versions are ordered by it
    since        INTEGER NOT NULL,
    recorded_at  INTEGER NOT NULL,
    title        INTEGER NOT NULL,
    product      INTEGER NOT NULL,
    compliance   INTEGER,
    workflow     INTEGER NOT NULL,
    content      BLOB    NOT NULL,
    body         INTEGER NOT NULL,
    start        INTEGER NOT NULL,
    length       INTEGER NOT NULL,
    stamps       TEXT,              -- newer timestamps than those in the body
    swept        INTEGER,           -- the end of the last reconcile window that met it
    gone         TEXT,              -- why it is no longer there: expired, deleted
    shown        INTEGER            -- the aggregator that has shown it, if one has
) STRICT;
-- Holds all that deciding reads of a finding, so that it need not look into the rows.
CREATE INDEX findings_by_issue ON findings (issue, standing, severity, title, since);

-- Findings that a reconcile window did not meet. Each is asked for by id before it counts as gone.
CREATE TABLE suspects (
    finding    INTEGER PRIMARY KEY,
    updated_at INTEGER NOT NULL     -- the version that was missed; a newer one clears it
) STRICT;

-- How many findings there are of one kind, kept with every change of a finding.
CREATE TABLE finding_tallies (
    scope    INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    standing INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (scope, severity, standing)
) STRICT, WITHOUT ROWID;

CREATE TABLE rejected (
    id         INTEGER PRIMARY KEY,
    scope      INTEGER NOT NULL REFERENCES scopes (id),  -- that was asked when it was first met
    content    BLOB    NOT NULL UNIQUE,
    reason     TEXT    NOT NULL,
    detail     TEXT    NOT NULL,
    finding_id TEXT,
    raw        BLOB    NOT NULL,  -- zstd
    size       INTEGER NOT NULL,  -- uncompressed bytes
    first_seen INTEGER NOT NULL
) STRICT;

CREATE TABLE issues (
    id            INTEGER PRIMARY KEY,
    key           BLOB    NOT NULL UNIQUE,
    account       TEXT    NOT NULL,
    region        TEXT,
    resource_kind TEXT    NOT NULL,
    resource      TEXT    NOT NULL,
    problem       INTEGER NOT NULL,
    -- As decided; empty until the first decision.
    title         INTEGER,
    severity      INTEGER,
    status        TEXT,
    since         INTEGER,
    history       INTEGER
) STRICT;
-- How many decided issues there are of each status, kept with every decision.
CREATE TABLE issue_tallies (
    status TEXT    PRIMARY KEY,
    count  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Issues that deciding has to look at.
CREATE TABLE touched (
    issue   INTEGER PRIMARY KEY,
    history INTEGER NOT NULL
) STRICT;

CREATE TABLE incidents (
    id            INTEGER PRIMARY KEY,
    "group"       BLOB    NOT NULL UNIQUE,
    route         TEXT    NOT NULL,
    title         TEXT    NOT NULL,
    severity      INTEGER NOT NULL,
    state         TEXT    NOT NULL,
    account       TEXT    NOT NULL,
    region        TEXT,
    resource_kind TEXT    NOT NULL,
    resource      TEXT    NOT NULL,
    open_issues   INTEGER NOT NULL,
    opened_at     INTEGER NOT NULL,
    changed_at    INTEGER NOT NULL,
    history       INTEGER NOT NULL,
    told          INTEGER NOT NULL
) STRICT;

CREATE TABLE incident_issues (
    incident INTEGER NOT NULL REFERENCES incidents (id),
    issue    INTEGER NOT NULL REFERENCES issues (id),
    PRIMARY KEY (incident, issue)
) STRICT, WITHOUT ROWID;
CREATE INDEX incidents_by_issue ON incident_issues (issue);

CREATE TABLE deliveries (
    id             INTEGER PRIMARY KEY,
    incident       INTEGER NOT NULL REFERENCES incidents (id),
    sink           TEXT    NOT NULL,
    occasion       TEXT    NOT NULL,
    state          TEXT    NOT NULL,
    attempts       INTEGER NOT NULL DEFAULT 0,
    owed_at        INTEGER NOT NULL,
    due_at         INTEGER NOT NULL,
    leased_until   INTEGER,
    -- When the last attempt was begun whose outcome is not known.
    in_doubt_since INTEGER,
    reason         TEXT,
    reference      TEXT,
    url            TEXT,
    settled_at     INTEGER,
    UNIQUE (incident, sink, occasion)
) STRICT;
CREATE INDEX deliveries_due ON deliveries (sink, due_at) WHERE state = 'pending';
