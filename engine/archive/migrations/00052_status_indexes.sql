-- +goose Up
-- A change of status writes to each index that has the status, or is of some statuses. Pages of letters in an order of their ids are asked for
-- while something of ours is to be done with them, and those are few; all else by status goes by shipment_newest_of_status. Counts have a
-- table of their own. What is prepared is told from what is not by words that no other query has, so that SQLite prefers no query's index to its own.
DROP INDEX shipment_by_status;
DROP INDEX shipment_in_status;
CREATE INDEX shipment_open ON shipment (status, id) WHERE status IN ('MOTTATT', 'AKSEPTERT', 'VARSLET', 'KLAR_FOR_MOTTAK', 'SENDT_SDP');
DROP INDEX shipment_by_prepared;
CREATE INDEX shipment_by_prepared ON shipment (prepared_sha) WHERE prepared_sha > '';

-- +goose Down
DROP INDEX shipment_by_prepared;
CREATE INDEX shipment_by_prepared ON shipment (prepared_sha) WHERE prepared_sha IS NOT NULL AND status <> 'SLETTET';
DROP INDEX shipment_open;
CREATE INDEX shipment_in_status ON shipment (status, id);
CREATE INDEX shipment_by_status ON shipment (account, status, hold);
