-- Without NOT NULL: the live version goes on inserting messages that do not name it.
-- That waits in the folder contract, until no such version serves.
ALTER TABLE messages ADD COLUMN domain text NULL;

-- In batches, since one UPDATE would lock every message until its end. What the live
-- version inserts behind it is filled by finalize, when that version is idle.
-- bluegreen: backfill messages key=id batch=1000 pause=50ms
-- UPDATE messages SET domain = lower(split_part(recipient, '@', 2))
-- WHERE domain IS NULL;
