-- Values are JSON where nothing is searched or summed in them; moments are Unix seconds.

CREATE TABLE jobs (
    profile TEXT NOT NULL,
    id TEXT NOT NULL,
    created_at REAL NOT NULL,
    seen_at REAL NOT NULL,
    value TEXT NOT NULL,
    sweeps INTEGER NOT NULL DEFAULT 0,    -- how many readings of its events have begun
    sweep INTEGER NOT NULL DEFAULT 0,     -- up to this one, no event is missing
    settled INTEGER NOT NULL DEFAULT 0,   -- ended, and every event is here
    made_from TEXT NOT NULL DEFAULT '{}',
    results TEXT,                         -- the results file, as CSV
    PRIMARY KEY (profile, id)
) WITHOUT ROWID;

CREATE INDEX jobs_by_age ON jobs (created_at DESC);

CREATE TABLE events (
    profile TEXT NOT NULL,
    job_id TEXT NOT NULL,
    id TEXT NOT NULL,
    created_at REAL NOT NULL,             -- whole seconds at most providers, hence:
    sweep INTEGER NOT NULL,               -- which reading of the list first brought it
    place INTEGER NOT NULL,               -- and where in it: higher is later
    value TEXT NOT NULL,
    PRIMARY KEY (profile, job_id, id)
) WITHOUT ROWID;

CREATE TABLE checkpoints (
    profile TEXT NOT NULL,
    job_id TEXT NOT NULL,
    id TEXT NOT NULL,
    step INTEGER NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (profile, job_id, id)
) WITHOUT ROWID;

-- A job that was asked for, written down before the request is sent.
CREATE TABLE requests (
    token TEXT PRIMARY KEY,
    profile TEXT NOT NULL,
    value TEXT NOT NULL,
    asked_at REAL NOT NULL
) WITHOUT ROWID;

CREATE TABLE uploads (
    profile TEXT NOT NULL,
    purpose TEXT NOT NULL,
    digest TEXT NOT NULL,                 -- SHA-256 of the file
    filename TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    upload_id TEXT NOT NULL,
    part_bytes INTEGER NOT NULL,
    created_at REAL NOT NULL,             -- by the provider's clock
    expires_at REAL,
    file_id TEXT NOT NULL DEFAULT '',     -- once it is complete
    PRIMARY KEY (profile, purpose, digest)
) WITHOUT ROWID;

CREATE TABLE upload_parts (
    profile TEXT NOT NULL,
    upload_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    part_id TEXT NOT NULL,
    PRIMARY KEY (profile, upload_id, number)
) WITHOUT ROWID;

CREATE TABLE datasets (
    path TEXT PRIMARY KEY,
    opened_at REAL NOT NULL,
    rows INTEGER,
    size_bytes INTEGER NOT NULL,
    title TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;

CREATE TABLE answers (
    id INTEGER PRIMARY KEY,
    profile TEXT NOT NULL,
    model TEXT NOT NULL,
    asked_at REAL NOT NULL,
    question TEXT NOT NULL,               -- the words of the last message, to be searched
    text TEXT NOT NULL,
    value TEXT NOT NULL
);

CREATE INDEX answers_by_age ON answers (asked_at DESC);

CREATE TABLE spending (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    profile TEXT NOT NULL,
    model TEXT NOT NULL,
    kind TEXT NOT NULL,                   -- 'training' or 'inference'
    subject TEXT NOT NULL,                -- the job's or the answer's id
    tokens INTEGER,
    cost_usd TEXT,                        -- a decimal; null is unknown, not nothing
    UNIQUE (profile, kind, subject)
);

CREATE INDEX spending_by_age ON spending (at);

CREATE TABLE notes (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    written_at REAL NOT NULL
) WITHOUT ROWID;
