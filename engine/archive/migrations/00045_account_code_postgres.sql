-- +goose Up
-- The newest of an account and a konteringskode that many have. A search asks for received_at + 0: by an index of the time alone a rare
-- status would be looked for among all letters. The status stands last, so that other statuses are passed over within the index; a change
-- of it writes to every index here as it is.
CREATE INDEX shipment_newest_of_account_code ON shipment (account, konteringskode, (received_at + 0), status) WHERE length(konteringskode) <= 100;

-- +goose Down
DROP INDEX shipment_newest_of_account_code;
