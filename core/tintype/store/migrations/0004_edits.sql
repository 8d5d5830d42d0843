-- Rows that a person has edited: what was done, step by step, over a file that is never written.

CREATE TABLE edited_files (
    path TEXT PRIMARY KEY,
    version TEXT NOT NULL                 -- of the file that the lines are of
) WITHOUT ROWID;

CREATE TABLE edits (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL,
    what TEXT NOT NULL,                   -- in words, for undo
    undone INTEGER NOT NULL DEFAULT 0,
    edited_at REAL NOT NULL
);

CREATE INDEX edits_by_path ON edits (path, id);

CREATE TABLE edited_rows (
    edit INTEGER NOT NULL REFERENCES edits ON DELETE CASCADE,
    line INTEGER NOT NULL,                -- negative: the file does not hold this row any more
    key BLOB NOT NULL,                    -- by the content of the row in the file
    text TEXT,                            -- JSON with marks for images; null: as in the file
    PRIMARY KEY (edit, line)
) WITHOUT ROWID;
