ALTER TABLE campaigns ADD COLUMN metadata jsonb NULL;
