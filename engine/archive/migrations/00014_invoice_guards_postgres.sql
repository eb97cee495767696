-- +goose Up
CREATE TRIGGER invoice_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON invoice EXECUTE FUNCTION only_added_to();
CREATE TRIGGER deviation_decision_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON deviation_decision EXECUTE FUNCTION only_added_to();

-- +goose Down
DROP TRIGGER invoice_only_added_to ON invoice;
DROP TRIGGER deviation_decision_only_added_to ON deviation_decision;
