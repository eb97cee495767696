-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER invoice_no_update BEFORE UPDATE ON invoice
BEGIN
  SELECT RAISE(ABORT, 'invoice is only added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER invoice_no_delete BEFORE DELETE ON invoice
BEGIN
  SELECT RAISE(ABORT, 'invoice is only added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER deviation_decision_no_update BEFORE UPDATE ON deviation_decision
BEGIN
  SELECT RAISE(ABORT, 'deviation_decision is only added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER deviation_decision_no_delete BEFORE DELETE ON deviation_decision
BEGIN
  SELECT RAISE(ABORT, 'deviation_decision is only added to');
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER invoice_no_update;
DROP TRIGGER invoice_no_delete;
DROP TRIGGER deviation_decision_no_update;
DROP TRIGGER deviation_decision_no_delete;
