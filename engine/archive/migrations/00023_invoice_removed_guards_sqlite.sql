-- +goose Up
DROP TRIGGER invoice_no_delete;
-- +goose StatementBegin
CREATE TRIGGER invoice_no_delete BEFORE DELETE ON invoice
WHEN NOT EXISTS (SELECT 1 FROM invoice_removed r WHERE r.id = OLD.id AND r.taken_at = OLD.taken_at)
  OR EXISTS (SELECT 1 FROM ledger l WHERE l.document = OLD.id AND l.source = 'FORDELING')
BEGIN
  SELECT RAISE(ABORT, 'invoice is only added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER invoice_removed_no_update BEFORE UPDATE ON invoice_removed
BEGIN
  SELECT RAISE(ABORT, 'invoice_removed is only added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER invoice_removed_no_delete BEFORE DELETE ON invoice_removed
BEGIN
  SELECT RAISE(ABORT, 'invoice_removed is only added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER invoice_carry_no_update BEFORE UPDATE ON invoice_carry
BEGIN
  SELECT RAISE(ABORT, 'invoice_carry is only added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER invoice_carry_no_delete BEFORE DELETE ON invoice_carry
BEGIN
  SELECT RAISE(ABORT, 'invoice_carry is only added to');
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER invoice_carry_no_delete;
DROP TRIGGER invoice_carry_no_update;
DROP TRIGGER invoice_removed_no_delete;
DROP TRIGGER invoice_removed_no_update;
DROP TRIGGER invoice_no_delete;
-- +goose StatementBegin
CREATE TRIGGER invoice_no_delete BEFORE DELETE ON invoice
BEGIN
  SELECT RAISE(ABORT, 'invoice is only added to');
END;
-- +goose StatementEnd
