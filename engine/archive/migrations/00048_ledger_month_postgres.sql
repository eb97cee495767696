-- +goose Up
-- Sums of the ledger by the months in which it was booked and in which letters were posted (empty: none were), as 2026-11, in Norwegian
-- time. Package sums keeps them in the transactions that book. account is empty where it is of none; shared: of an invoice.
CREATE TABLE ledger_month (
  booked         KEYTEXT NOT NULL,
  posted         KEYTEXT NOT NULL,
  vendor         KEYTEXT NOT NULL,
  account        KEYTEXT NOT NULL,
  kind           KEYTEXT NOT NULL,
  konteringskode KEYTEXT NOT NULL,
  shared         BOOLEAN NOT NULL,
  net            BIGINT  NOT NULL,
  vat            BIGINT  NOT NULL,
  letters        BIGINT  NOT NULL,
  PRIMARY KEY (booked, konteringskode, account, kind, vendor, posted, shared)
);
INSERT INTO ledger_month (booked, posted, vendor, account, kind, konteringskode, shared, net, vat, letters)
  SELECT to_char(to_timestamp(booked_at / 1000.0) AT TIME ZONE 'Europe/Oslo', 'YYYY-MM'), CASE WHEN posted_at IS NULL THEN '' ELSE to_char(to_timestamp(posted_at / 1000.0) AT TIME ZONE 'Europe/Oslo', 'YYYY-MM') END, vendor, coalesce(account, ''), kind, konteringskode, source = 'FORDELING',
    CAST(SUM(net) AS BIGINT), CAST(SUM(vat) AS BIGINT), CAST(SUM(letters) AS BIGINT)
  FROM ledger GROUP BY 1, 2, 3, 4, 5, 6, 7;
CREATE INDEX ledger_month_by_posted ON ledger_month (vendor, posted);

-- +goose Down
DROP TABLE ledger_month;
