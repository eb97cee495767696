-- +goose Up
-- The ledger (hovedbok): every amount that was booked, by the period that it was booked in. Lines are only added; what was wrong
-- is reversed by lines of its own. An entry (bilag) is what was booked at once, such as a receipt.
CREATE TABLE ledger (
  entry          KEYTEXT NOT NULL CONSTRAINT ledger_entry_form CHECK (length(entry) = 36 AND entry = lower(entry)),
  place          BIGINT  NOT NULL,
  booked_at      BIGINT  NOT NULL CONSTRAINT ledger_booked_at_set CHECK (booked_at <> 0), -- decides the period
  recorded_at    BIGINT  NOT NULL CONSTRAINT ledger_recorded_at_set CHECK (recorded_at <> 0),
  posted_at      BIGINT  CONSTRAINT ledger_posted_at_set CHECK (posted_at <> 0),
  vendor         KEYTEXT NOT NULL CONSTRAINT ledger_vendor_given CHECK (vendor <> ''),
  account        KEYTEXT,
  shipment       KEYTEXT REFERENCES shipment (id),
  job            KEYTEXT REFERENCES print_job (id),
  kind           KEYTEXT NOT NULL CONSTRAINT ledger_kind_given CHECK (kind <> ''),
  konteringskode KEYTEXT NOT NULL,
  net            BIGINT  NOT NULL,
  vat            BIGINT  NOT NULL,
  gross          BIGINT  NOT NULL CONSTRAINT ledger_adds_up CHECK (gross = net + vat),
  letters        BIGINT  NOT NULL CONSTRAINT ledger_letters_counted CHECK (letters IN (-1, 0, 1)),
  source         KEYTEXT NOT NULL CONSTRAINT ledger_source_known CHECK (source IN ('KVITTERING', 'REVERSERING', 'FORDELING')),
  document       KEYTEXT NOT NULL, -- of the receipt file, or of the invoice
  reverses       KEYTEXT CONSTRAINT ledger_reverses_another CHECK (reverses <> entry),
  note           TEXT    NOT NULL,
  PRIMARY KEY (entry, place)
);
CREATE INDEX ledger_by_booked ON ledger (booked_at);
CREATE UNIQUE INDEX ledger_reversed_once ON ledger (reverses, place) WHERE reverses IS NOT NULL;

INSERT INTO ledger (entry, place, booked_at, recorded_at, posted_at, vendor, account, shipment, job, kind, konteringskode, net, vat, gross,
    letters, source, document, reverses, note)
  SELECT c.id, m.place, c.posted_at, f.fetched_at, c.posted_at, c.vendor, s.account, c.shipment, c.job, m.kind, m.konteringskode, m.net, m.vat, m.gross,
    CASE WHEN m.place = 0 AND NOT j.reprint THEN 1 ELSE 0 END, 'KVITTERING', c.file, NULL, ''
  FROM receipt c JOIN cost_line m ON m.receipt = c.id JOIN shipment s ON s.id = c.shipment JOIN print_job j ON j.id = c.job
    JOIN receipt_file f ON f.vendor = c.vendor AND f.sha256 = c.file
  WHERE c.state = 'APPLIED';

-- A month that finance has closed: nothing is booked in it any more.
CREATE TABLE closed_month (
  month     KEYTEXT NOT NULL PRIMARY KEY CONSTRAINT closed_month_form CHECK (length(month) = 7),
  from_at   BIGINT  NOT NULL,
  until_at  BIGINT  NOT NULL CONSTRAINT closed_month_has_days CHECK (until_at > from_at),
  closed_at BIGINT  NOT NULL CONSTRAINT closed_month_closed_at_set CHECK (closed_at <> 0),
  reason    TEXT    NOT NULL
);

-- +goose Down
DROP TABLE closed_month;
DROP TABLE ledger;
