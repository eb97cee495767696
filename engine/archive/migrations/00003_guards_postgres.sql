-- +goose Up
-- Rows of a history are numbered in the order recorded, as SQLite's INTEGER PRIMARY KEY does.
ALTER TABLE event ALTER COLUMN seq TYPE BIGINT;
ALTER TABLE event ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY;
ALTER TABLE job_event ALTER COLUMN seq TYPE BIGINT;
ALTER TABLE job_event ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY;
ALTER TABLE alarm ALTER COLUMN seq TYPE BIGINT;
ALTER TABLE alarm ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY;

ALTER TABLE print_job ADD CONSTRAINT print_job_id_letters CHECK (id ~ '^[A-Z0-9]{4}[0-9]{6}$');

-- History and ledger are only added to: corrections are new lines.
-- +goose StatementBegin
CREATE FUNCTION only_added_to() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is only added to', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END;
$$;
-- +goose StatementEnd
CREATE TRIGGER event_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON event EXECUTE FUNCTION only_added_to();
CREATE TRIGGER job_event_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON job_event EXECUTE FUNCTION only_added_to();
CREATE TRIGGER cost_line_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON cost_line EXECUTE FUNCTION only_added_to();

-- +goose Down
DROP TRIGGER event_only_added_to ON event;
DROP TRIGGER job_event_only_added_to ON job_event;
DROP TRIGGER cost_line_only_added_to ON cost_line;
DROP FUNCTION only_added_to();
ALTER TABLE print_job DROP CONSTRAINT print_job_id_letters;
ALTER TABLE event ALTER COLUMN seq DROP IDENTITY;
ALTER TABLE job_event ALTER COLUMN seq DROP IDENTITY;
ALTER TABLE alarm ALTER COLUMN seq DROP IDENTITY;
