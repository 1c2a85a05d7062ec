ALTER TABLE messages ADD CONSTRAINT messages_domain_known CHECK (domain IS NOT NULL);
ALTER TABLE messages ALTER COLUMN domain DROP NOT NULL;
