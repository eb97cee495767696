-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger
BEGIN
  SELECT RAISE(ABORT, 'ledger is only added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger
BEGIN
  SELECT RAISE(ABORT, 'ledger is only added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER closed_month_no_update BEFORE UPDATE ON closed_month
BEGIN
  SELECT RAISE(ABORT, 'closed_month is only added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER closed_month_no_delete BEFORE DELETE ON closed_month
BEGIN
  SELECT RAISE(ABORT, 'closed_month is only added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_month_is_open BEFORE INSERT ON ledger
WHEN EXISTS (SELECT 1 FROM closed_month WHERE NEW.booked_at >= from_at AND NEW.booked_at < until_at)
BEGIN
  SELECT RAISE(ABORT, 'the month is closed');
END;
-- +goose StatementEnd
DROP TABLE cost_line;

-- +goose Down
CREATE TABLE cost_line (
  receipt        KEYTEXT NOT NULL REFERENCES receipt (id),
  place          BIGINT  NOT NULL,
  kind           KEYTEXT NOT NULL CONSTRAINT cost_line_kind_given CHECK (kind <> ''),
  konteringskode KEYTEXT NOT NULL,
  net            BIGINT  NOT NULL,
  vat            BIGINT  NOT NULL,
  gross          BIGINT  NOT NULL,
  PRIMARY KEY (receipt, kind),
  CONSTRAINT cost_line_adds_up CHECK (gross = net + vat)
);
INSERT INTO cost_line SELECT entry, place, kind, konteringskode, net, vat, gross FROM ledger WHERE source = 'KVITTERING';
-- +goose StatementBegin
CREATE TRIGGER cost_line_no_update BEFORE UPDATE ON cost_line
BEGIN
  SELECT RAISE(ABORT, 'cost_line is only added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER cost_line_no_delete BEFORE DELETE ON cost_line
BEGIN
  SELECT RAISE(ABORT, 'cost_line is only added to');
END;
-- +goose StatementEnd
DROP TRIGGER ledger_month_is_open;
DROP TRIGGER closed_month_no_update;
DROP TRIGGER closed_month_no_delete;
DROP TRIGGER ledger_no_update;
DROP TRIGGER ledger_no_delete;
