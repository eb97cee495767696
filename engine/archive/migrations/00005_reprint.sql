-- +goose Up
-- A reprint is a job of its own kind, by a person's order: letters of its parent once more, or some sheets of them.
ALTER TABLE print_job ADD COLUMN reprint BOOLEAN NOT NULL DEFAULT FALSE
  CONSTRAINT print_job_reprint_has_parent CHECK (NOT reprint OR parent IS NOT NULL);
ALTER TABLE job_letter ADD COLUMN reprint BOOLEAN NOT NULL DEFAULT FALSE; -- always the job's own: 00006
ALTER TABLE job_letter ADD COLUMN only_sheets TEXT NOT NULL DEFAULT 'null';
CREATE INDEX print_job_by_parent ON print_job (parent) WHERE parent IS NOT NULL;
-- The rule that keeps a letter from being printed twice by itself: it is in at most one job that holds its letters.
DROP INDEX job_letter_in_one_live_job;
CREATE UNIQUE INDEX job_letter_in_one_live_job ON job_letter (shipment) WHERE live AND NOT reprint;

-- +goose Down
DROP INDEX job_letter_in_one_live_job;
CREATE UNIQUE INDEX job_letter_in_one_live_job ON job_letter (shipment) WHERE live;
DROP INDEX print_job_by_parent;
ALTER TABLE job_letter DROP COLUMN only_sheets;
ALTER TABLE job_letter DROP COLUMN reprint;
ALTER TABLE print_job DROP COLUMN reprint;
