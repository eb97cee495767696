-- +goose Up
-- A large receipt file is applied in several transactions: how far it has come, while rows of it are left.
ALTER TABLE receipt_file ADD COLUMN done BIGINT NOT NULL DEFAULT 0 CONSTRAINT receipt_file_done_counted CHECK (done >= 0);
ALTER TABLE receipt_file ADD COLUMN applying TEXT CONSTRAINT receipt_file_applying_given CHECK (applying <> '');
UPDATE receipt_file SET done = row_count;
-- What is half applied is looked for all the time, and there is hardly ever any.
CREATE INDEX receipt_file_applying ON receipt_file (vendor, sha256) WHERE applying IS NOT NULL;

-- +goose Down
DROP INDEX receipt_file_applying;
ALTER TABLE receipt_file DROP COLUMN applying;
ALTER TABLE receipt_file DROP COLUMN done;
