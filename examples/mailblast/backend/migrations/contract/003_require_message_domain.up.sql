-- bluegreen: contract after=4
-- The valid check proves it, so that the table is not read again under the lock.
ALTER TABLE messages ALTER COLUMN domain SET NOT NULL;
ALTER TABLE messages DROP CONSTRAINT messages_domain_known;
