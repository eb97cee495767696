-- +goose Up
-- The letters of a large job that was taken back become free a set at a time: their live is NULL, which no foreign key and no index looks at. The
-- job is WITHDRAWN and live until none of them is left.
ALTER TABLE job_letter ALTER COLUMN live DROP NOT NULL;
ALTER TABLE print_job DROP CONSTRAINT print_job_live_as_state;
ALTER TABLE print_job ADD CONSTRAINT print_job_live_as_state CHECK (state = 'WITHDRAWN' OR live = (state <> 'REJECTED'));

-- +goose Down
-- What is half taken back becomes free at once.
UPDATE print_job SET live = FALSE WHERE live AND state = 'WITHDRAWN';
ALTER TABLE print_job DROP CONSTRAINT print_job_live_as_state;
ALTER TABLE print_job ADD CONSTRAINT print_job_live_as_state CHECK (live = (state NOT IN ('REJECTED', 'WITHDRAWN')));
