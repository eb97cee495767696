-- +goose Up
DROP TRIGGER invoice_only_added_to ON invoice;
CREATE TRIGGER invoice_only_added_to BEFORE UPDATE OR TRUNCATE ON invoice EXECUTE FUNCTION only_added_to();
-- +goose StatementBegin
CREATE FUNCTION invoice_is_taken_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM invoice_removed r WHERE r.id = OLD.id AND r.taken_at = OLD.taken_at)
    OR EXISTS (SELECT 1 FROM ledger l WHERE l.document = OLD.id AND l.source = 'FORDELING') THEN
    RAISE EXCEPTION 'invoice is only added to';
  END IF;
  RETURN OLD;
END $$;
-- +goose StatementEnd
CREATE TRIGGER invoice_no_delete BEFORE DELETE ON invoice FOR EACH ROW EXECUTE FUNCTION invoice_is_taken_back();
CREATE TRIGGER invoice_removed_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON invoice_removed EXECUTE FUNCTION only_added_to();
CREATE TRIGGER invoice_carry_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON invoice_carry EXECUTE FUNCTION only_added_to();

-- +goose Down
DROP TRIGGER invoice_carry_only_added_to ON invoice_carry;
DROP TRIGGER invoice_removed_only_added_to ON invoice_removed;
DROP TRIGGER invoice_no_delete ON invoice;
DROP FUNCTION invoice_is_taken_back();
DROP TRIGGER invoice_only_added_to ON invoice;
CREATE TRIGGER invoice_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON invoice EXECUTE FUNCTION only_added_to();
