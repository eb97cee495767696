-- +goose Up
-- Letters that cannot be prepared for a reason of ours, until they are: again says that a letter that is due has a file by older rules. A row
-- counts only while its letter waits for that, so that nothing which ends the waiting need know of it.
CREATE TABLE unprepared (
  shipment KEYTEXT NOT NULL PRIMARY KEY REFERENCES shipment (id),
  again    BOOLEAN NOT NULL,
  cause    KEYTEXT NOT NULL,
  why      TEXT    NOT NULL,
  CONSTRAINT unprepared_cause_given CHECK (cause <> '')
);
CREATE INDEX unprepared_by_cause ON unprepared (cause, again, shipment);

-- +goose Down
DROP TABLE unprepared;
