-- +goose Up
-- A decision is not changed afterwards.
CREATE TRIGGER receipt_decision_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON receipt_decision EXECUTE FUNCTION only_added_to();

-- +goose Down
DROP TRIGGER receipt_decision_only_added_to ON receipt_decision;
