ALTER TABLE messages DROP COLUMN domain;
