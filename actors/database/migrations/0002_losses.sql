-- Up Migration

-- What was lost of the stream, as its entry among the streams told it before it left.
ALTER TABLE recordings ADD COLUMN losses jsonb;
