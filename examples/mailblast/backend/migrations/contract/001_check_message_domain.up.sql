-- bluegreen: contract after=4
-- This commit writes the domain of every message; the version before it does not. So
-- this waits for a later release. NOT VALID: new rows are checked, the old ones not read.
ALTER TABLE messages ADD CONSTRAINT messages_domain_known CHECK (domain IS NOT NULL) NOT VALID;
