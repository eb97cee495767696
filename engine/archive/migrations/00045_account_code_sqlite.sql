-- +goose Up
-- The newest of an account and a konteringskode that many have. A search asks for received_at + 0: another index of the time of receipt
-- would be preferred. Without the status: each change of it would write to this index too.
CREATE INDEX shipment_newest_of_account_code ON shipment (account, konteringskode, received_at + 0) WHERE length(konteringskode) <= 100;

-- +goose Down
DROP INDEX shipment_newest_of_account_code;
