-- +goose Up
-- When a print file was given up for erasing: its row stays, and says what was in it; its bytes go when nothing else names them.
ALTER TABLE job_file ADD COLUMN erased_at BIGINT CONSTRAINT job_file_erased_at_set CHECK (erased_at <> 0);

-- Whether anything names a document, by its hash.
CREATE INDEX document_by_blob ON document (blob_sha);
CREATE INDEX shipment_by_prepared ON shipment (prepared_sha) WHERE prepared_sha IS NOT NULL AND status <> 'SLETTET';
CREATE INDEX job_file_by_blob ON job_file (blob_sha) WHERE erased_at IS NULL;
CREATE INDEX receipt_file_by_blob ON receipt_file (blob_sha);
CREATE INDEX receipt_conflict_of ON receipt (shipment) WHERE state = 'CONFLICT';

-- The deletion log: which letters were erased, when, by whom, and why. It says nothing of what they were.
CREATE TABLE erasure (
  seq         BIGINT  NOT NULL PRIMARY KEY CONSTRAINT erasure_counted CHECK (seq > 0),
  erased_at   BIGINT  NOT NULL CONSTRAINT erasure_erased_at_set CHECK (erased_at <> 0),
  shipment    KEYTEXT NOT NULL CONSTRAINT erasure_shipment_given CHECK (shipment <> ''),
  account     KEYTEXT NOT NULL,
  from_status KEYTEXT NOT NULL,
  why         KEYTEXT NOT NULL CONSTRAINT erasure_why_given CHECK (why <> ''),
  reason      TEXT    NOT NULL,
  documents   BIGINT  NOT NULL,
  print_files BIGINT  NOT NULL,
  actor       KEYTEXT CONSTRAINT erasure_actor_given CHECK (actor <> '')
);
CREATE UNIQUE INDEX erasure_once ON erasure (shipment);
CREATE TRIGGER erasure_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON erasure EXECUTE FUNCTION only_added_to();

-- +goose Down
DROP TABLE erasure;
DROP INDEX receipt_conflict_of;
DROP INDEX receipt_file_by_blob;
DROP INDEX job_file_by_blob;
DROP INDEX shipment_by_prepared;
DROP INDEX document_by_blob;
ALTER TABLE job_file DROP COLUMN erased_at;
