-- +goose Up
-- A person who knows of an alarm and what is done about it says so: it is not told of any more, and stays until it is over.
ALTER TABLE alarm ADD COLUMN acknowledged_at BIGINT CONSTRAINT alarm_acknowledged_at_set CHECK (acknowledged_at <> 0);
ALTER TABLE alarm ADD COLUMN ack_reason TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE alarm DROP COLUMN ack_reason;
ALTER TABLE alarm DROP COLUMN acknowledged_at;
