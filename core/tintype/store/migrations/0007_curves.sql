-- A long job opens at once: its curves as they were folded last, and its log without the steps.

ALTER TABLE events ADD COLUMN metric INTEGER NOT NULL DEFAULT 0;   -- whether it is of type `metrics`

UPDATE events SET metric = 1 WHERE value LIKE '%"type": "metrics"%';

CREATE INDEX events_log ON events (profile, job_id, created_at, sweep, place) WHERE metric = 0;

CREATE TABLE curves (
    profile TEXT NOT NULL,
    job_id TEXT NOT NULL,
    sweep INTEGER NOT NULL,               -- every event up to this reading is in it
    value BLOB NOT NULL,
    PRIMARY KEY (profile, job_id)
) WITHOUT ROWID;
