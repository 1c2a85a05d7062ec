-- Unsafe: the live version selects subject on every request.
ALTER TABLE campaigns DROP COLUMN subject;
