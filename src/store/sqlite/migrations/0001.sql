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
    asked         INTEGER NOT NULL,  -- whether polls may say what reading it is like, by the last census
    -- The last trouble in words, when it was last met, and when it was over; NULL while it lasts.
    error         TEXT,
    error_at      INTEGER,
    error_over    INTEGER,
    -- Up to when each clock has looked at everything that it asks for.
    tail_complete      INTEGER,
    watch_complete     INTEGER,
    late_complete      INTEGER,
    reconcile_complete INTEGER,
    backfill_complete  INTEGER,
    first_contact INTEGER,
    watermark     INTEGER,
    history_from  INTEGER,
    late_at       INTEGER,
    reconciled_at INTEGER,
    watched_at    INTEGER,  -- when findings behind open incidents were last asked for by id
    watched_last  INTEGER,  -- the last of them; the next turn goes on behind it
    watch_began   INTEGER,  -- when the round began that these turns belong to
    seen_from     INTEGER REFERENCES scopes (id),  -- the vantage that shows it, if not itself;
                                                   -- its own state is then 'ok' for ever
    seen_since    INTEGER,  -- since when it has been in that sight without a break
    met_at        INTEGER,  -- when any vantage first showed it: what it held then is history
    known         INTEGER NOT NULL DEFAULT 0,  -- whether some vantage has read all its history
    UNIQUE (account, region, sight)
) STRICT;
CREATE INDEX scopes_by_vantage ON scopes (seen_from, seen_since) WHERE seen_from IS NOT NULL;

-- What is known about reading each scope. Where a wide vantage shows it, that is what is known of the
-- vantage, once it has read all that the scope held when it came into sight.
CREATE VIEW coverage AS
SELECT s.id, s.account, s.region, s.account_name,
       CASE WHEN v.id IS NULL THEN s.state
            WHEN v.state <> 'ok' OR s.seen_since <= v.reconciled_at THEN v.state
            ELSE 'backfilling' END AS state,
       CASE WHEN v.id IS NULL THEN s.since
            WHEN v.state <> 'ok' OR s.seen_since <= v.reconciled_at THEN max(s.since, v.since)
            ELSE s.seen_since END AS since,
       CASE WHEN v.id IS NULL THEN s.error
            WHEN v.state <> 'ok' OR s.seen_since <= v.reconciled_at THEN v.error
            ELSE 'came into sight lately; a comparison that begins by itself completes it'
       END AS error,
       CASE WHEN v.id IS NULL THEN s.error_at
            WHEN v.state <> 'ok' OR s.seen_since <= v.reconciled_at THEN v.error_at
            ELSE s.seen_since END AS error_at,
       CASE WHEN v.id IS NULL THEN s.error_over
            WHEN v.state <> 'ok' OR s.seen_since <= v.reconciled_at THEN v.error_over
       END AS error_over,
       iif(v.known AND s.seen_since <= v.reconciled_at, v.tail_complete, s.tail_complete)
           AS tail_complete,
       iif(v.known AND s.seen_since <= v.reconciled_at, v.watch_complete, s.watch_complete)
           AS watch_complete,
       iif(v.known AND s.seen_since <= v.reconciled_at, v.late_complete, s.late_complete)
           AS late_complete,
       iif(v.known AND s.seen_since <= v.reconciled_at, v.reconcile_complete, s.reconcile_complete)
           AS reconcile_complete,
       iif(v.known AND s.seen_since <= v.reconciled_at, v.backfill_complete, s.backfill_complete)
           AS backfill_complete,
       iif(v.id IS NULL, s.first_contact, v.first_contact) AS first_contact,
       iif(v.id IS NULL, s.watermark, v.watermark) AS watermark,
       iif(v.id IS NULL, s.history_from, v.history_from) AS history_from,
       iif(v.id IS NULL, s.late_at, v.late_at) AS late_at,
       iif(v.id IS NULL, s.reconciled_at, v.reconciled_at) AS reconciled_at,
       v.account AS vantage_account, v.region AS vantage_region, v.sight AS vantage_sight
FROM scopes s LEFT JOIN scopes v ON v.id = s.seen_from AND s.state = 'ok'
WHERE s.sight = 'member';

-- What scopes show of themselves when they are asked, and the vantage that shows them does not.
CREATE TABLE gaps (
    scope      INTEGER PRIMARY KEY REFERENCES scopes (id),
    vantage    INTEGER REFERENCES scopes (id),
    checked_at INTEGER NOT NULL,
    compared   INTEGER NOT NULL,
    missing    INTEGER NOT NULL,
    example    TEXT,    -- the id of a finding that is missing
    words      TEXT     -- what is wrong and what to do about it
) STRICT;

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
    packed INTEGER NOT NULL, -- how many there were at first
    size INTEGER NOT NULL,  -- uncompressed bytes
    data BLOB    NOT NULL   -- zstd
) STRICT;
-- Those that are worth rewriting.
CREATE INDEX bodies_sparse ON bodies (id) WHERE live * 2 <= packed;

-- Rows lie in the order they came, so that a commit writes few pages of the file; only the index of
-- keys is written all over. The key has the scope in its high bits, so that the keys of a scope lie
-- together, and 40 bits of a fingerprint of product and id below; `verify` has 64 more of its bits.
CREATE TABLE findings (
    id           INTEGER PRIMARY KEY,
    key          INTEGER NOT NULL UNIQUE,
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
    types        INTEGER,           -- a text, one a line
    traits       INTEGER NOT NULL,  -- what correlation rules ask of it beside
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
CREATE INDEX findings_by_issue ON findings (issue, standing, severity, title, since, traits);

-- Findings that a reconcile window did not meet. Each is asked for by id before it counts as gone.
CREATE TABLE suspects (
    finding    INTEGER PRIMARY KEY,
    updated_at INTEGER NOT NULL     -- the version that was missed; a newer one clears it
) STRICT;

-- Since when findings are gone; retention removes them some time later. One that came back meanwhile
-- keeps its row here until then.
CREATE TABLE gone (
    finding INTEGER PRIMARY KEY,
    since   INTEGER NOT NULL
) STRICT;
CREATE INDEX gone_since ON gone (since);

-- How many findings there are of one kind, kept with every change of a finding. Scope 0 has the sum
-- over all scopes.
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
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL   -- to the hour
) STRICT;
CREATE INDEX rejected_by_age ON rejected (last_seen);

-- What issues and incidents are about, once for all of them. As with findings: the name has a place for
-- account and Region in its high bits, and 47 bits of a fingerprint below; `verify` has 64 more.
CREATE TABLE resources (
    id       INTEGER PRIMARY KEY,
    name     INTEGER NOT NULL UNIQUE,
    verify   INTEGER NOT NULL,
    account  INTEGER NOT NULL,  -- a text, as the next two
    region   INTEGER,
    kind     INTEGER NOT NULL,
    resource TEXT    NOT NULL,
    tags     TEXT,              -- as JSON, where a finding says any
    tags_at  INTEGER            -- the version of that finding
) STRICT;

-- What the organization says of accounts, where somebody asks.
CREATE TABLE accounts (
    account TEXT PRIMARY KEY,
    facts   TEXT NOT NULL       -- units above it and tags, as JSON
) STRICT, WITHOUT ROWID;

CREATE TABLE issues (
    id       INTEGER PRIMARY KEY,
    resource INTEGER NOT NULL,
    problem  INTEGER NOT NULL,  -- a text
    -- As decided, or as its first finding says until then.
    title    INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    since    INTEGER NOT NULL,
    -- As decided; empty until the first decision.
    status   INTEGER,
    history  INTEGER,
    silenced INTEGER,           -- until when nobody is told of it
    parts    INTEGER NOT NULL DEFAULT 0, -- what it means for others, while it is open
    score    INTEGER,           -- where a rule fired: the sum, and the severity and reasons it is made of
    reasons  TEXT,
    UNIQUE (resource, problem)
) STRICT;
CREATE INDEX issues_with_part ON issues (resource) WHERE parts <> 0;

-- Which resources findings put beside each other, where that leads on; each pair stands here twice.
CREATE TABLE relations (
    resource INTEGER NOT NULL,
    place    INTEGER NOT NULL,  -- what the other is
    other    INTEGER NOT NULL,
    scope    INTEGER NOT NULL,  -- of the finding that last said so
    said     INTEGER NOT NULL,  -- when that was read, in days since 1970
    PRIMARY KEY (resource, place, other)
) STRICT, WITHOUT ROWID;

-- Resources with relations that are new or gone: issues near them are to be assessed again.
CREATE TABLE stirred (
    resource INTEGER PRIMARY KEY
) STRICT;
CREATE INDEX issues_silenced ON issues (silenced) WHERE silenced IS NOT NULL;

-- What people do not want to hear of for a while.
CREATE TABLE silences (
    id        INTEGER PRIMARY KEY,
    matching  TEXT    NOT NULL,  -- which issues, as a route's `match` in JSON
    by        TEXT    NOT NULL,
    reason    TEXT    NOT NULL,
    starts_at INTEGER NOT NULL,
    ends_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX silences_by_end ON silences (ends_at);
-- How many decided issues there are of each status, kept with every decision.
CREATE TABLE issue_tallies (
    status INTEGER PRIMARY KEY,
    count  INTEGER NOT NULL
) STRICT;

-- Issues that deciding has to look at.
CREATE TABLE touched (
    issue   INTEGER PRIMARY KEY,
    history INTEGER NOT NULL
) STRICT;
-- News does not wait until history is all decided.
CREATE INDEX touched_news ON touched (issue) WHERE history = 0;

CREATE TABLE incidents (
    id            INTEGER PRIMARY KEY,
    "group"       BLOB    NOT NULL,
    earlier       INTEGER NOT NULL,  -- how many incidents the group had before
    route         TEXT    NOT NULL,
    title         TEXT    NOT NULL,
    severity      INTEGER NOT NULL,
    score         INTEGER NOT NULL,
    state         TEXT    NOT NULL,
    resource      INTEGER NOT NULL,
    open_issues   INTEGER NOT NULL,
    opened_at     INTEGER NOT NULL,
    changed_at    INTEGER NOT NULL,
    history       INTEGER NOT NULL,
    told          INTEGER NOT NULL,
    over_since    INTEGER,           -- NULL while it is not over
    muted         INTEGER,           -- until when a mute time of its route keeps it from being told
    -- The person who has taken it on, when, and what they said.
    ack_by        TEXT,
    ack_at        INTEGER,
    ack_note      TEXT,
    UNIQUE ("group", earlier)
) STRICT;

CREATE INDEX incidents_by_resource ON incidents (resource);
CREATE INDEX incidents_muted ON incidents (muted) WHERE muted IS NOT NULL;

-- What happened to incidents after they were opened: the last turns of each.
CREATE TABLE incident_turns (
    id       INTEGER PRIMARY KEY,
    incident INTEGER NOT NULL REFERENCES incidents (id),
    turn     TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    severity INTEGER NOT NULL,       -- of the incident, afterwards
    by       TEXT,
    note     TEXT
) STRICT;
CREATE INDEX turns_by_incident ON incident_turns (incident);

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
CREATE INDEX deliveries_owed ON deliveries (sink, owed_at) WHERE state = 'pending';

-- Counts of what the tables above hold, so that nobody has to scan them. Triggers keep them, in the
-- transaction of each change and whoever makes it; what changes with every finding is counted in
-- code instead, once a commit.
CREATE TABLE incident_tallies (
    account  INTEGER NOT NULL,  -- a text
    region   INTEGER NOT NULL,  -- a text; 0 where the resource has none
    severity INTEGER NOT NULL,
    state    TEXT    NOT NULL,
    told     INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (account, region, severity, state, told)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER incidents_added AFTER INSERT ON incidents BEGIN
    INSERT INTO incident_tallies (account, region, severity, state, told, count)
    SELECT account, coalesce(region, 0), NEW.severity, NEW.state, NEW.told, 1
    FROM resources WHERE id = NEW.resource
    ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER incidents_removed AFTER DELETE ON incidents BEGIN
    UPDATE incident_tallies SET count = count - 1
    WHERE (account, region) = (SELECT account, coalesce(region, 0) FROM resources WHERE id = OLD.resource)
      AND severity = OLD.severity AND state = OLD.state AND told = OLD.told;
END;
CREATE TRIGGER incidents_changed AFTER UPDATE OF severity, state, told ON incidents
WHEN (OLD.severity, OLD.state, OLD.told) IS NOT (NEW.severity, NEW.state, NEW.told) BEGIN
    UPDATE incident_tallies SET count = count - 1
    WHERE (account, region) = (SELECT account, coalesce(region, 0) FROM resources WHERE id = OLD.resource)
      AND severity = OLD.severity AND state = OLD.state AND told = OLD.told;
    INSERT INTO incident_tallies (account, region, severity, state, told, count)
    SELECT account, coalesce(region, 0), NEW.severity, NEW.state, NEW.told, 1
    FROM resources WHERE id = NEW.resource
    ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TABLE delivery_tallies (
    sink  TEXT    NOT NULL,
    state TEXT    NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (sink, state)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER deliveries_added AFTER INSERT ON deliveries BEGIN
    INSERT INTO delivery_tallies (sink, state, count) VALUES (NEW.sink, NEW.state, 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER deliveries_removed AFTER DELETE ON deliveries BEGIN
    UPDATE delivery_tallies SET count = count - 1 WHERE sink = OLD.sink AND state = OLD.state;
END;
CREATE TRIGGER deliveries_changed AFTER UPDATE OF state ON deliveries
WHEN OLD.state IS NOT NEW.state BEGIN
    UPDATE delivery_tallies SET count = count - 1 WHERE sink = OLD.sink AND state = OLD.state;
    INSERT INTO delivery_tallies (sink, state, count) VALUES (NEW.sink, NEW.state, 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TABLE rejected_tallies (
    reason TEXT    PRIMARY KEY,
    count  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER rejected_added AFTER INSERT ON rejected BEGIN
    INSERT INTO rejected_tallies (reason, count) VALUES (NEW.reason, 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER rejected_removed AFTER DELETE ON rejected BEGIN
    UPDATE rejected_tallies SET count = count - 1 WHERE reason = OLD.reason;
END;

CREATE TABLE body_tally (
    count INTEGER NOT NULL
) STRICT;
INSERT INTO body_tally (count) VALUES (0);
CREATE TRIGGER bodies_added AFTER INSERT ON bodies BEGIN
    UPDATE body_tally SET count = count + 1;
END;
CREATE TRIGGER bodies_removed AFTER DELETE ON bodies BEGIN
    UPDATE body_tally SET count = count - 1;
END;
