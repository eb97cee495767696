-- +goose Up
-- Months and budgets are summed by the index alone: there are millions of lines.
DROP INDEX ledger_by_booked;
CREATE INDEX ledger_by_booked ON ledger (booked_at, konteringskode, account, net, letters);

-- +goose Down
DROP INDEX ledger_by_booked;
CREATE INDEX ledger_by_booked ON ledger (booked_at);
