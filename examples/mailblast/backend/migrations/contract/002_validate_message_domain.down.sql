ALTER TABLE messages DROP CONSTRAINT messages_domain_known;
ALTER TABLE messages ADD CONSTRAINT messages_domain_known CHECK (domain IS NOT NULL) NOT VALID;
