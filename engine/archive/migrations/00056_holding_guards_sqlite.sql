-- +goose Up
-- A letter holds its place in the one live job, as the job does; it is freed by itself only when the job is withdrawn.
-- +goose StatementBegin
CREATE TRIGGER job_letter_freed BEFORE UPDATE OF live ON job_letter
WHEN NEW.live IS NULL AND (SELECT state FROM print_job WHERE id = NEW.job) <> 'WITHDRAWN'
BEGIN
  SELECT RAISE(ABORT, 'a letter is freed only of a job that is withdrawn');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER job_letter_born_live BEFORE INSERT ON job_letter WHEN NEW.live IS NULL
BEGIN
  SELECT RAISE(ABORT, 'a letter is live as its job is');
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER job_letter_freed;
DROP TRIGGER job_letter_born_live;
