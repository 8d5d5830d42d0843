-- What a recorder brings is read by others as it comes: by the reading that brought it.

CREATE INDEX events_by_sweep ON events (profile, job_id, sweep);

-- What somebody is to be notified of: once for each job and rule.

CREATE TABLE alerts (
    profile TEXT NOT NULL,
    job_id TEXT NOT NULL,
    rule TEXT NOT NULL,
    raised_at REAL NOT NULL,
    words TEXT NOT NULL,
    sent INTEGER NOT NULL DEFAULT 0,      -- by webhook and command
    rung INTEGER NOT NULL DEFAULT 0,      -- in a terminal
    PRIMARY KEY (profile, job_id, rule)
) WITHOUT ROWID;

-- What a person says of a job.

CREATE TABLE job_labels (
    profile TEXT NOT NULL,
    job_id TEXT NOT NULL,
    pinned INTEGER NOT NULL DEFAULT 0,
    tags TEXT NOT NULL DEFAULT '[]',
    note TEXT NOT NULL DEFAULT '',
    archived INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (profile, job_id)
) WITHOUT ROWID;
