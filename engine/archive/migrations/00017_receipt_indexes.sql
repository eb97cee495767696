-- +goose Up
-- Costs are read from the ledger, not from receipts: what was indexed for that costs every receipt its time for nothing. What a
-- person must decide about is few among millions, and is looked for all the time.
DROP INDEX receipt_by_file;
DROP INDEX receipt_by_posted;
CREATE INDEX receipt_in_conflict ON receipt (vendor) WHERE state = 'CONFLICT';

-- +goose Down
DROP INDEX receipt_in_conflict;
CREATE INDEX receipt_by_file ON receipt (vendor, file);
CREATE INDEX receipt_by_posted ON receipt (posted_at) WHERE state = 'APPLIED';
