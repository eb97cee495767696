-- +goose Up
-- What digital channels and registers (KRR and the like) were asked about a letter, and how it stands there by their last answer:
-- their words and the time, never contact data.
CREATE TABLE channel_case (
  shipment  KEYTEXT NOT NULL REFERENCES shipment (id),
  channel   KEYTEXT NOT NULL CONSTRAINT channel_case_channel_given CHECK (channel <> ''),
  reference KEYTEXT NOT NULL,
  state     KEYTEXT NOT NULL CONSTRAINT channel_case_state_given CHECK (state <> ''),
  answer    TEXT    NOT NULL,
  asked_at  BIGINT  CONSTRAINT channel_case_asked_at_set CHECK (asked_at <> 0),
  next_at   BIGINT  CONSTRAINT channel_case_next_at_set CHECK (next_at <> 0),
  tries     BIGINT  NOT NULL CONSTRAINT channel_case_tries_counted CHECK (tries >= 0),
  PRIMARY KEY (shipment, channel)
);
CREATE INDEX channel_case_next ON channel_case (channel, next_at, shipment) WHERE next_at IS NOT NULL;
CREATE INDEX channel_case_by_reference ON channel_case (channel, reference) WHERE reference <> '';

-- +goose Down
DROP TABLE channel_case;
