-- +goose Up
-- A large job is OFFERING from its hand-over on until all of its letters are marked as sent, a set at a time.
ALTER TABLE print_job DROP CONSTRAINT print_job_state_known;
ALTER TABLE print_job ADD CONSTRAINT print_job_state_known CHECK (state IN (
  'PLANNING', 'PLANNED', 'COMPOSED', 'UPLOADED', 'COMMITTED', 'OFFERING', 'OFFERED', 'ACCEPTED', 'CLOSED', 'REJECTED', 'WITHDRAWN', 'UNCERTAIN'));
ALTER TABLE job_event DROP CONSTRAINT job_event_from_known;
ALTER TABLE job_event ADD CONSTRAINT job_event_from_known CHECK (from_state IN (
  '', 'PLANNING', 'PLANNED', 'COMPOSED', 'UPLOADED', 'COMMITTED', 'OFFERING', 'OFFERED', 'ACCEPTED', 'CLOSED', 'REJECTED', 'WITHDRAWN', 'UNCERTAIN'));
ALTER TABLE job_event DROP CONSTRAINT job_event_to_known;
ALTER TABLE job_event ADD CONSTRAINT job_event_to_known CHECK (to_state IN (
  'PLANNING', 'PLANNED', 'COMPOSED', 'UPLOADED', 'COMMITTED', 'OFFERING', 'OFFERED', 'ACCEPTED', 'CLOSED', 'REJECTED', 'WITHDRAWN', 'UNCERTAIN'));

-- +goose Down
-- A job that is OFFERING has no place in the schema of before: any offer, fetch or night brings it on.
ALTER TABLE print_job DROP CONSTRAINT print_job_state_known;
ALTER TABLE print_job ADD CONSTRAINT print_job_state_known CHECK (state IN (
  'PLANNING', 'PLANNED', 'COMPOSED', 'UPLOADED', 'COMMITTED', 'OFFERED', 'ACCEPTED', 'CLOSED', 'REJECTED', 'WITHDRAWN', 'UNCERTAIN'));
