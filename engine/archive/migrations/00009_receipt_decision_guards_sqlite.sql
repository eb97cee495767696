-- +goose Up
-- A decision is not changed afterwards.
-- +goose StatementBegin
CREATE TRIGGER receipt_decision_no_update BEFORE UPDATE ON receipt_decision
BEGIN
  SELECT RAISE(ABORT, 'receipt_decision is only added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER receipt_decision_no_delete BEFORE DELETE ON receipt_decision
BEGIN
  SELECT RAISE(ABORT, 'receipt_decision is only added to');
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER receipt_decision_no_update;
DROP TRIGGER receipt_decision_no_delete;
