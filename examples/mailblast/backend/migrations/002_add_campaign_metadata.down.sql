ALTER TABLE campaigns DROP COLUMN metadata;
