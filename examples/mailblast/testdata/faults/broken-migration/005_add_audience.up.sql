-- Broken: the form is safe, but there is no table audiences, so it fails when applied.
ALTER TABLE audiences ADD COLUMN name text NULL;
