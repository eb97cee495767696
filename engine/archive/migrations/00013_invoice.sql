-- +goose Up
-- What the vendor wants to be paid for a period; its lines are in content. One that came as a file has its bytes as a blob.
CREATE TABLE invoice (
  id         KEYTEXT NOT NULL PRIMARY KEY CONSTRAINT invoice_id_form CHECK (length(id) = 36 AND id = lower(id)),
  vendor     KEYTEXT NOT NULL CONSTRAINT invoice_vendor_given CHECK (vendor <> ''),
  number     KEYTEXT NOT NULL CONSTRAINT invoice_number_given CHECK (number <> ''),
  from_at    BIGINT  NOT NULL,
  until_at   BIGINT  NOT NULL CONSTRAINT invoice_has_days CHECK (until_at > from_at), -- posted in [from_at, until_at)
  blob_sha   KEYTEXT CONSTRAINT invoice_blob_form CHECK (length(blob_sha) = 64 AND blob_sha = lower(blob_sha)),
  blob_bytes BIGINT,
  taken_at   BIGINT  NOT NULL CONSTRAINT invoice_taken_at_set CHECK (taken_at <> 0),
  content    TEXT    NOT NULL,
  CONSTRAINT invoice_once UNIQUE (vendor, number)
);
CREATE INDEX ledger_by_document ON ledger (document) WHERE source = 'FORDELING';
CREATE INDEX ledger_by_posted ON ledger (posted_at) WHERE posted_at IS NOT NULL;

-- What people decided about a deviation; the newest is its state.
CREATE TABLE deviation_decision (
  deviation  KEYTEXT NOT NULL REFERENCES deviation (key),
  turn       BIGINT  NOT NULL CONSTRAINT deviation_decision_counted CHECK (turn > 0),
  state      KEYTEXT NOT NULL CONSTRAINT deviation_decision_state_known CHECK (state IN ('OPEN', 'ACCEPTED', 'DISPUTED', 'SETTLED')),
  decided_at BIGINT  NOT NULL CONSTRAINT deviation_decision_decided_at_set CHECK (decided_at <> 0),
  reason     TEXT    NOT NULL CONSTRAINT deviation_decision_reasoned CHECK (reason <> ''),
  PRIMARY KEY (deviation, turn)
);

-- +goose Down
DROP TABLE deviation_decision;
DROP INDEX ledger_by_posted;
DROP INDEX ledger_by_document;
DROP TABLE invoice;
