-- +goose Up
-- Invoices that were taken back before they were booked, with the reason; the number is free again then.
CREATE TABLE invoice_removed (
  id         KEYTEXT NOT NULL,
  turn       BIGINT  NOT NULL CONSTRAINT invoice_removed_counted CHECK (turn > 0),
  vendor     KEYTEXT NOT NULL,
  number     KEYTEXT NOT NULL,
  blob_sha   KEYTEXT,
  blob_bytes BIGINT,
  taken_at   BIGINT  NOT NULL,
  content    TEXT    NOT NULL,
  removed_at BIGINT  NOT NULL CONSTRAINT invoice_removed_at_set CHECK (removed_at <> 0),
  reason     TEXT    NOT NULL CONSTRAINT invoice_removed_reasoned CHECK (reason <> ''),
  PRIMARY KEY (id, turn)
);

-- Receipts that came after the invoices of a period were booked, and that the vendor invoices with a later one: what was recorded in
-- (after_at, decided_at] for letters posted in [from_at, until_at) is held against the invoices for the time that has into_at.
CREATE TABLE invoice_carry (
  vendor     KEYTEXT NOT NULL,
  from_at    BIGINT  NOT NULL,
  until_at   BIGINT  NOT NULL CONSTRAINT invoice_carry_has_days CHECK (until_at > from_at),
  turn       BIGINT  NOT NULL CONSTRAINT invoice_carry_counted CHECK (turn > 0),
  after_at   BIGINT  NOT NULL,
  decided_at BIGINT  NOT NULL CONSTRAINT invoice_carry_ordered CHECK (decided_at >= after_at),
  into_at    BIGINT  NOT NULL CONSTRAINT invoice_carry_later CHECK (into_at >= until_at),
  reason     TEXT    NOT NULL CONSTRAINT invoice_carry_reasoned CHECK (reason <> ''),
  PRIMARY KEY (vendor, from_at, turn)
);

-- +goose Down
DROP TABLE invoice_carry;
DROP TABLE invoice_removed;
