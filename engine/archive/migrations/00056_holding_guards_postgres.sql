-- +goose Up
-- A letter holds its place in the one live job, as the job does; it is freed by itself only when the job is withdrawn.
-- +goose StatementBegin
CREATE FUNCTION letter_freed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' OR (SELECT state FROM print_job WHERE id = NEW.job) <> 'WITHDRAWN' THEN
    RAISE EXCEPTION 'a letter is freed only of a job that is withdrawn' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER job_letter_freed BEFORE INSERT OR UPDATE OF live ON job_letter FOR EACH ROW WHEN (NEW.live IS NULL) EXECUTE FUNCTION letter_freed();

-- +goose Down
DROP TRIGGER job_letter_freed ON job_letter;
DROP FUNCTION letter_freed;
