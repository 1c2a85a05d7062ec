ALTER TABLE audiences DROP COLUMN name;
