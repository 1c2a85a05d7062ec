ALTER TABLE messages DROP CONSTRAINT messages_domain_known;
