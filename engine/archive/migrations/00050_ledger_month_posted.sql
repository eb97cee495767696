-- +goose Up
-- What is booked for letters posted in a month is summed by this index alone, in its order.
DROP INDEX ledger_month_by_posted;
CREATE INDEX ledger_month_by_posted ON ledger_month (vendor, posted, shared, account, konteringskode, kind, net, vat, letters);

-- +goose Down
DROP INDEX ledger_month_by_posted;
CREATE INDEX ledger_month_by_posted ON ledger_month (vendor, posted);
