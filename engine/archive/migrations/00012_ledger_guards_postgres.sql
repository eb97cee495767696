-- +goose Up
CREATE TRIGGER ledger_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger EXECUTE FUNCTION only_added_to();
CREATE TRIGGER closed_month_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON closed_month EXECUTE FUNCTION only_added_to();
-- +goose StatementBegin
CREATE FUNCTION month_is_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM closed_month WHERE NEW.booked_at >= from_at AND NEW.booked_at < until_at) THEN
    RAISE EXCEPTION 'the month is closed';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER ledger_month_is_open BEFORE INSERT ON ledger FOR EACH ROW EXECUTE FUNCTION month_is_open();
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
CREATE TRIGGER cost_line_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON cost_line EXECUTE FUNCTION only_added_to();
DROP TRIGGER ledger_month_is_open ON ledger;
DROP FUNCTION month_is_open();
DROP TRIGGER closed_month_only_added_to ON closed_month;
DROP TRIGGER ledger_only_added_to ON ledger;
