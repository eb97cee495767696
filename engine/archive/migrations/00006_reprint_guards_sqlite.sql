-- +goose Up
-- A job stays what it is, its letters are of its kind, and those of a reprint are of its parent, which is no reprint.
-- +goose StatementBegin
CREATE TRIGGER print_job_stays BEFORE UPDATE OF reprint, parent ON print_job WHEN OLD.reprint OR NEW.reprint
BEGIN
  SELECT RAISE(ABORT, 'a job stays an original or a reprint, of the same parent');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER job_letter_stays BEFORE UPDATE OF reprint, shipment ON job_letter
BEGIN
  SELECT RAISE(ABORT, 'a letter of a job stays what it is');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER job_letter_kind BEFORE INSERT ON job_letter
WHEN NEW.reprint <> (SELECT reprint FROM print_job WHERE id = NEW.job)
BEGIN
  SELECT RAISE(ABORT, 'a letter is an original or a reprint as its job is');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER job_letter_of_parent BEFORE INSERT ON job_letter
WHEN NEW.reprint AND NOT EXISTS (SELECT 1 FROM print_job j JOIN job_letter o ON o.job = j.parent
  WHERE j.id = NEW.job AND o.shipment = NEW.shipment AND NOT o.reprint)
BEGIN
  SELECT RAISE(ABORT, 'a reprint has letters of its parent only');
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER print_job_stays;
DROP TRIGGER job_letter_stays;
DROP TRIGGER job_letter_kind;
DROP TRIGGER job_letter_of_parent;
