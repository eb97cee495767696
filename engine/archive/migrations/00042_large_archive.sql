-- +goose Up
-- Jobs in some states are looked for all the time: those under way are few among all that ever were, and of the others the newest are shown.
CREATE INDEX print_job_in_state ON print_job (state, id);
-- Receipts of a letter that are not in force; receipt_applied_once has the one that is.
CREATE INDEX receipt_beside_of ON receipt (job, shipment) WHERE state <> 'APPLIED';

-- +goose Down
DROP INDEX receipt_beside_of;
DROP INDEX print_job_in_state;
