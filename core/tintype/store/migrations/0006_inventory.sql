-- What providers list besides jobs, as last seen; whether a list was read to its end; and what a
-- person calls a thing.

CREATE TABLE remote (
    profile TEXT NOT NULL,
    kind TEXT NOT NULL,                   -- 'file' or 'model'
    id TEXT NOT NULL,
    seen_at REAL NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (profile, kind, id)
) WITHOUT ROWID;

CREATE TABLE listings (
    profile TEXT NOT NULL,
    part TEXT NOT NULL,                   -- 'files', 'jobs', 'models', 'checkpoints', or of a job
    read_at REAL,                         -- when it was last read to its end
    trouble TEXT NOT NULL DEFAULT '',     -- why it could not be since
    PRIMARY KEY (profile, part)
) WITHOUT ROWID;

CREATE TABLE probes (
    profile TEXT NOT NULL,
    model TEXT NOT NULL,
    probed_at REAL NOT NULL,
    state TEXT NOT NULL,                  -- 'answers', 'gone' or 'unknown'
    words TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (profile, model)
) WITHOUT ROWID;

CREATE TABLE namings (
    profile TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    alias TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (profile, kind, id)
) WITHOUT ROWID;
