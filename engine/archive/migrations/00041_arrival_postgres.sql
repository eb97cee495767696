-- +goose Up
-- How many shipments came of each account in each hour (since 1970, UTC; offsets of Norwegian time are whole hours), kept as they come:
-- counting the days of a year takes seconds. It is only added to, whatever becomes of a shipment. Several rows of an hour stand for their
-- sum; now and then those of the last days are summed up, as shipment_count is.
CREATE TABLE arrival (
  hour    BIGINT  NOT NULL,
  account KEYTEXT NOT NULL,
  letters BIGINT  NOT NULL
);
INSERT INTO arrival (hour, account, letters) SELECT received_at / 3600000, account, count(*) FROM shipment GROUP BY 1, 2;
CREATE INDEX arrival_by_hour ON arrival (hour);
-- +goose StatementBegin
CREATE FUNCTION count_arrivals() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  newest BIGINT;
BEGIN
  INSERT INTO arrival (hour, account, letters) SELECT received_at / 3600000, account, count(*) FROM after_it GROUP BY 1, 2;
  IF random() < 0.01 THEN
    SELECT max(received_at / 3600000) INTO newest FROM after_it;
    WITH gone AS (DELETE FROM arrival a WHERE a.hour > newest - 168 RETURNING a.hour, a.account, a.letters)
    INSERT INTO arrival (hour, account, letters) SELECT g.hour, g.account, sum(g.letters) FROM gone g GROUP BY 1, 2;
  END IF;
  RETURN NULL;
END;
$$;
-- +goose StatementEnd
CREATE TRIGGER shipment_arrived AFTER INSERT ON shipment REFERENCING NEW TABLE AS after_it FOR EACH STATEMENT EXECUTE FUNCTION count_arrivals();

-- +goose Down
DROP TRIGGER shipment_arrived ON shipment;
DROP FUNCTION count_arrivals();
DROP TABLE arrival;
