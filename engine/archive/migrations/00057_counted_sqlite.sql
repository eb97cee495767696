-- +goose Up
-- What is due and what is set aside is counted for people at each "postgang status" and each look at the overview, from these indexes alone:
-- SQLite looks at the rows themselves unless all columns of the query are there, also those that the index's own condition decides.
DROP INDEX shipment_waiting;
CREATE INDEX shipment_waiting ON shipment (id, due_at, account, status, read_at, closed_at, hold, prepared_sha)
  WHERE status || '' IN ('AKSEPTERT', 'VARSLET', 'KLAR_FOR_MOTTAK', 'SENDT_SDP')
    AND due_at IS NOT NULL AND read_at IS NULL AND closed_at IS NULL AND hold = '' AND prepared_sha IS NOT NULL;
DROP INDEX shipment_by_hold;
CREATE INDEX shipment_by_hold ON shipment (hold, account, due_at, status, read_at, closed_at, prepared_sha, id) WHERE hold <> '';

-- +goose Down
DROP INDEX shipment_by_hold;
CREATE INDEX shipment_by_hold ON shipment (hold) WHERE hold <> '';
DROP INDEX shipment_waiting;
CREATE INDEX shipment_waiting ON shipment (id, due_at, account)
  WHERE status || '' IN ('AKSEPTERT', 'VARSLET', 'KLAR_FOR_MOTTAK', 'SENDT_SDP')
    AND due_at IS NOT NULL AND read_at IS NULL AND closed_at IS NULL AND hold = '' AND prepared_sha IS NOT NULL;
