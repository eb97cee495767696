-- +goose Up
-- History and ledger are only added to: corrections are new lines.
-- +goose StatementBegin
CREATE TRIGGER event_no_update BEFORE UPDATE ON event
BEGIN
  SELECT RAISE(ABORT, 'event is only added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER event_no_delete BEFORE DELETE ON event
BEGIN
  SELECT RAISE(ABORT, 'event is only added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER job_event_no_update BEFORE UPDATE ON job_event
BEGIN
  SELECT RAISE(ABORT, 'job_event is only added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER job_event_no_delete BEFORE DELETE ON job_event
BEGIN
  SELECT RAISE(ABORT, 'job_event is only added to');
END;
-- +goose StatementEnd
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
-- +goose StatementBegin
CREATE TRIGGER print_job_id_form_insert BEFORE INSERT ON print_job WHEN NEW.id NOT GLOB '[A-Z0-9][A-Z0-9][A-Z0-9][A-Z0-9][0-9][0-9][0-9][0-9][0-9][0-9]'
BEGIN
  SELECT RAISE(ABORT, 'a job id is four of A-Z0-9 and six digits');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER print_job_id_form_update BEFORE UPDATE OF id ON print_job WHEN NEW.id NOT GLOB '[A-Z0-9][A-Z0-9][A-Z0-9][A-Z0-9][0-9][0-9][0-9][0-9][0-9][0-9]'
BEGIN
  SELECT RAISE(ABORT, 'a job id is four of A-Z0-9 and six digits');
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER event_no_update;
DROP TRIGGER event_no_delete;
DROP TRIGGER job_event_no_update;
DROP TRIGGER job_event_no_delete;
DROP TRIGGER cost_line_no_update;
DROP TRIGGER cost_line_no_delete;
DROP TRIGGER print_job_id_form_insert;
DROP TRIGGER print_job_id_form_update;
