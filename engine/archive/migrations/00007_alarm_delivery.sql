-- +goose Up
-- Which alarms each sink was told of: sent is recorded after sending, so that a crash in between tells it twice and not
-- never.
CREATE TABLE alarm_delivery (
  alarm        BIGINT  NOT NULL REFERENCES alarm (seq),
  sink         KEYTEXT NOT NULL CONSTRAINT alarm_delivery_sink_given CHECK (sink <> ''),
  raised_at    BIGINT  NOT NULL CONSTRAINT alarm_delivery_raised_at_set CHECK (raised_at <> 0),
  recovered_at BIGINT  CONSTRAINT alarm_delivery_recovered_at_set CHECK (recovered_at <> 0),
  PRIMARY KEY (alarm, sink)
);

-- +goose Down
DROP TABLE alarm_delivery;
