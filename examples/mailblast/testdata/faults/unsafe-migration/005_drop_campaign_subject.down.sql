ALTER TABLE campaigns ADD COLUMN subject text NOT NULL DEFAULT '';
