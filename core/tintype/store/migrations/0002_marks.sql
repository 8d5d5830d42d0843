-- Rows that a person has marked, by their line in one version of a file.

CREATE TABLE marks (
    path TEXT NOT NULL,
    fingerprint TEXT NOT NULL,            -- of the file when it was marked
    line INTEGER NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    marked_at REAL NOT NULL,
    PRIMARY KEY (path, fingerprint, line)
) WITHOUT ROWID;
