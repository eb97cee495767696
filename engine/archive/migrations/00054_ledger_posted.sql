-- +goose Up
-- Nearly every line is booked at the time of posting, by which ledger_by_booked finds it. The others, such as those for closed months, have
-- an index of their own.
DROP INDEX ledger_by_posted;
CREATE INDEX ledger_posted_else ON ledger (posted_at) WHERE posted_at <> booked_at;

-- +goose Down
DROP INDEX ledger_posted_else;
CREATE INDEX ledger_by_posted ON ledger (posted_at) WHERE posted_at IS NOT NULL;
