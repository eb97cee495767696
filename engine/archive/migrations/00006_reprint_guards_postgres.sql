-- +goose Up
-- A job stays what it is, its letters are of its kind, and those of a reprint are of its parent, which is no reprint.
-- +goose StatementBegin
CREATE FUNCTION stays_what_it_is() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a row of % stays what it is', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END;
$$;
-- +goose StatementEnd
CREATE TRIGGER print_job_stays BEFORE UPDATE OF reprint, parent ON print_job
  FOR EACH ROW WHEN (OLD.reprint OR NEW.reprint) EXECUTE FUNCTION stays_what_it_is();
CREATE TRIGGER job_letter_stays BEFORE UPDATE OF reprint, shipment ON job_letter EXECUTE FUNCTION stays_what_it_is();
-- +goose StatementBegin
CREATE FUNCTION letter_as_its_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.reprint <> (SELECT reprint FROM print_job WHERE id = NEW.job) THEN
    RAISE EXCEPTION 'a letter is an original or a reprint as its job is' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NEW.reprint AND NOT EXISTS (SELECT 1 FROM print_job j JOIN job_letter o ON o.job = j.parent
      WHERE j.id = NEW.job AND o.shipment = NEW.shipment AND NOT o.reprint) THEN
    RAISE EXCEPTION 'a reprint has letters of its parent only' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;
-- +goose StatementEnd
CREATE TRIGGER job_letter_as_its_job BEFORE INSERT ON job_letter FOR EACH ROW EXECUTE FUNCTION letter_as_its_job();

-- +goose Down
DROP TRIGGER job_letter_as_its_job ON job_letter;
DROP FUNCTION letter_as_its_job();
DROP TRIGGER job_letter_stays ON job_letter;
DROP TRIGGER print_job_stays ON print_job;
DROP FUNCTION stays_what_it_is();
