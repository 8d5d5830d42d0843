-- What was entered before it was spent is kept apart from what the provider has billed.

ALTER TABLE spending ADD COLUMN state TEXT NOT NULL DEFAULT 'settled';  -- or 'expected', 'in doubt'
ALTER TABLE spending ADD COLUMN high_usd TEXT;  -- the most it may come to, until it is settled

UPDATE spending SET state = 'expected' WHERE kind = 'training';
