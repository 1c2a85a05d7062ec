-- bluegreen: contract after=4
-- In a file of its own, so that nobody waits while the whole table is read.
ALTER TABLE messages VALIDATE CONSTRAINT messages_domain_known;
