-- +goose Up
-- A job whose letters are recorded a set at a time is PLANNING until all of them are.
ALTER TABLE print_job DROP CONSTRAINT print_job_state_known;
ALTER TABLE print_job ADD CONSTRAINT print_job_state_known CHECK (state IN (
  'PLANNING', 'PLANNED', 'COMPOSED', 'UPLOADED', 'COMMITTED', 'OFFERED', 'ACCEPTED', 'CLOSED', 'REJECTED', 'WITHDRAWN', 'UNCERTAIN'));
ALTER TABLE print_job DROP CONSTRAINT print_job_composed_has_ticket;
ALTER TABLE print_job ADD CONSTRAINT print_job_composed_has_ticket CHECK (
  state IN ('PLANNING', 'PLANNED', 'WITHDRAWN') OR (ticket <> '' AND length(ticket_sha) = 64));
ALTER TABLE job_event DROP CONSTRAINT job_event_from_known;
ALTER TABLE job_event ADD CONSTRAINT job_event_from_known CHECK (from_state IN (
  '', 'PLANNING', 'PLANNED', 'COMPOSED', 'UPLOADED', 'COMMITTED', 'OFFERED', 'ACCEPTED', 'CLOSED', 'REJECTED', 'WITHDRAWN', 'UNCERTAIN'));
ALTER TABLE job_event DROP CONSTRAINT job_event_to_known;
ALTER TABLE job_event ADD CONSTRAINT job_event_to_known CHECK (to_state IN (
  'PLANNING', 'PLANNED', 'COMPOSED', 'UPLOADED', 'COMMITTED', 'OFFERED', 'ACCEPTED', 'CLOSED', 'REJECTED', 'WITHDRAWN', 'UNCERTAIN'));

-- +goose Down
-- A job that is being planned has no place in the schema of before: take it back first (a night does).
ALTER TABLE print_job DROP CONSTRAINT print_job_state_known;
ALTER TABLE print_job ADD CONSTRAINT print_job_state_known CHECK (state IN (
  'PLANNED', 'COMPOSED', 'UPLOADED', 'COMMITTED', 'OFFERED', 'ACCEPTED', 'CLOSED', 'REJECTED', 'WITHDRAWN', 'UNCERTAIN'));
ALTER TABLE print_job DROP CONSTRAINT print_job_composed_has_ticket;
ALTER TABLE print_job ADD CONSTRAINT print_job_composed_has_ticket CHECK (
  state IN ('PLANNED', 'WITHDRAWN') OR (ticket <> '' AND length(ticket_sha) = 64));
