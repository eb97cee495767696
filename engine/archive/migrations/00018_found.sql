-- +goose Up
-- What "postgang recover" has settled about jobs that a vendor has under ids of ours, and that are not the archive's own.
CREATE TABLE found_job (
  id         KEYTEXT NOT NULL CONSTRAINT found_job_id_given CHECK (id <> ''),
  vendor     KEYTEXT NOT NULL CONSTRAINT found_job_vendor_given CHECK (vendor <> ''),
  verdict    KEYTEXT NOT NULL CONSTRAINT found_job_verdict_known CHECK (verdict IN ('RECORDED', 'COLLISION', 'REFUSED', 'LEFTOVER', 'UNREAD')),
  ticket_sha KEYTEXT NOT NULL CONSTRAINT found_job_ticket_form CHECK (ticket_sha = '' OR length(ticket_sha) = 64),
  letters    BIGINT  NOT NULL CONSTRAINT found_job_letters_counted CHECK (letters >= 0),
  found_at   BIGINT  NOT NULL CONSTRAINT found_job_found_at_set CHECK (found_at <> 0),
  reason     TEXT    NOT NULL,
  PRIMARY KEY (id, vendor)
);

-- Letters that the vendor has by its own word, and that stand in no job of the archive under that id: they were handed in
-- after the backup, or under an id that another job of ours has.
CREATE TABLE found_letter (
  shipment KEYTEXT NOT NULL CONSTRAINT found_letter_shipment_given CHECK (shipment <> ''),
  job      KEYTEXT NOT NULL,
  vendor   KEYTEXT NOT NULL,
  found_at BIGINT  NOT NULL CONSTRAINT found_letter_found_at_set CHECK (found_at <> 0),
  PRIMARY KEY (shipment, job, vendor)
);
CREATE INDEX found_letter_by_job ON found_letter (job);

-- Receipt files at a vendor that were looked through and name no job that the archive does not know.
CREATE TABLE seen_receipt (
  vendor      KEYTEXT NOT NULL,
  name        KEYTEXT NOT NULL,
  bytes       BIGINT  NOT NULL,
  modified_at BIGINT  NOT NULL,
  PRIMARY KEY (vendor, name, bytes, modified_at)
);

-- +goose Down
DROP TABLE seen_receipt;
DROP TABLE found_letter;
DROP TABLE found_job;
