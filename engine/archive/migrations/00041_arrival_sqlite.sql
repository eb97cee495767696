-- +goose Up
-- How many shipments came of each account in each hour (since 1970, UTC; offsets of Norwegian time are whole hours), kept as they come:
-- counting the days of a year takes seconds. It is only added to, whatever becomes of a shipment.
CREATE TABLE arrival (
  hour    BIGINT  NOT NULL,
  account KEYTEXT NOT NULL,
  letters BIGINT  NOT NULL,
  PRIMARY KEY (hour, account)
);
INSERT INTO arrival (hour, account, letters) SELECT received_at / 3600000, account, count(*) FROM shipment GROUP BY 1, 2;
-- +goose StatementBegin
CREATE TRIGGER shipment_arrived AFTER INSERT ON shipment
BEGIN
  INSERT INTO arrival (hour, account, letters) VALUES (NEW.received_at / 3600000, NEW.account, 1)
    ON CONFLICT (hour, account) DO UPDATE SET letters = letters + 1;
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER shipment_arrived;
DROP TABLE arrival;
