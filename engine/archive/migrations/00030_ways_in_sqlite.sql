-- +goose Up
-- Who may hand in over the network. Passwords are kept as hashes.
CREATE TABLE integration (
  id            KEYTEXT NOT NULL PRIMARY KEY CONSTRAINT integration_id_form CHECK (length(id) = 36 AND id = lower(id)),
  name          KEYTEXT NOT NULL CONSTRAINT integration_name_given CHECK (name <> ''),
  organisation  KEYTEXT NOT NULL,
  accounts      TEXT    NOT NULL,
  password      TEXT    NOT NULL CONSTRAINT integration_password_given CHECK (password <> ''),
  password_at   BIGINT  NOT NULL CONSTRAINT integration_password_at_set CHECK (password_at <> 0),
  former        TEXT    NOT NULL,
  former_until  BIGINT,
  created_at    BIGINT  NOT NULL CONSTRAINT integration_created_at_set CHECK (created_at <> 0),
  ended_at      BIGINT,
  CONSTRAINT integration_former_whole CHECK ((former = '') = (former_until IS NULL))
);
CREATE UNIQUE INDEX integration_by_name ON integration (name);

-- How an account is handed in to: by whom, in which dialect, and when last. One sees who must move.
CREATE TABLE way (
  account     KEYTEXT NOT NULL,
  dialect     KEYTEXT NOT NULL CONSTRAINT way_dialect_given CHECK (dialect <> ''),
  integration KEYTEXT NOT NULL,
  first_at    BIGINT  NOT NULL CONSTRAINT way_first_at_set CHECK (first_at <> 0),
  last_at     BIGINT  NOT NULL CONSTRAINT way_last_at_set CHECK (last_at <> 0),
  hand_ins    BIGINT  NOT NULL CONSTRAINT way_hand_ins_counted CHECK (hand_ins > 0),
  PRIMARY KEY (account, dialect, integration)
);

-- Which way a shipment came: NULL, by the drop folder or before this was kept.
ALTER TABLE shipment ADD COLUMN dialect KEYTEXT CONSTRAINT shipment_dialect_given CHECK (dialect <> '');
ALTER TABLE shipment ADD COLUMN integration KEYTEXT CONSTRAINT shipment_integration_given CHECK (integration <> '');

-- The sender's own reference, by which it asks for shipments.
ALTER TABLE shipment ADD COLUMN external_reference KEYTEXT CONSTRAINT shipment_external_reference_given CHECK (external_reference <> '');
UPDATE shipment SET external_reference = submission ->> 'eksternReferanse'
  WHERE instr(submission, '\u0000') = 0 AND length(submission ->> 'eksternReferanse') BETWEEN 1 AND 100;
CREATE INDEX shipment_by_external_reference ON shipment (account, external_reference) WHERE external_reference IS NOT NULL;

-- +goose Down
DROP INDEX shipment_by_external_reference;
ALTER TABLE shipment DROP COLUMN external_reference;
ALTER TABLE shipment DROP COLUMN integration;
ALTER TABLE shipment DROP COLUMN dialect;
DROP TABLE way;
DROP TABLE integration;
