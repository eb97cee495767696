-- +goose Up
-- What a report counts: letters that dropped out at the last gate, came back, or were read when they were on their way.
CREATE INDEX event_notable ON event (kind, happened_at) WHERE kind IN ('TRUKKET', 'RETUR', 'LEST_ETTER_PRINT');

-- +goose Down
DROP INDEX event_notable;
