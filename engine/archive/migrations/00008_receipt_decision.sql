-- +goose Up
-- What a person decided about a receipt that says something else than the one in force: kept as it was, or taken instead.
CREATE TABLE receipt_decision (
  receipt    KEYTEXT NOT NULL PRIMARY KEY REFERENCES receipt (id), -- the one in conflict
  against    KEYTEXT NOT NULL REFERENCES receipt (id) CONSTRAINT receipt_decision_of_two CHECK (against <> receipt), -- in force then
  taken      BOOLEAN NOT NULL,
  decided_at BIGINT  NOT NULL CONSTRAINT receipt_decision_decided_at_set CHECK (decided_at <> 0),
  reason     TEXT    NOT NULL CONSTRAINT receipt_decision_reasoned CHECK (reason <> '')
);

-- +goose Down
DROP TABLE receipt_decision;
