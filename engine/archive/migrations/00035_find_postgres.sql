-- +goose Up
-- Lists of the newest shipments with something in common: each index is walked from its newest end.
CREATE INDEX shipment_newest_of_account ON shipment (account, received_at);
CREATE INDEX shipment_newest_of_status ON shipment (status, received_at);
-- What is longer stands in refused hand-ins only, and may be too long for an index.
CREATE INDEX shipment_newest_of_code ON shipment (konteringskode, received_at) WHERE length(konteringskode) <= 100;
CREATE INDEX shipment_newest_of_system ON shipment (sending_system, received_at) WHERE length(sending_system) <= 100;
CREATE INDEX shipment_newest_of_reason ON shipment (due_reason, received_at) WHERE due_reason IS NOT NULL;
-- Its condition is one that only a search has, so that SQLite does not prefer it to the small shipment_waiting every night.
CREATE INDEX shipment_by_due ON shipment (due_at) WHERE due_at > 0;
-- Many letters may have one reference, and people ask for one without knowing whose it is.
DROP INDEX shipment_by_external_reference;
CREATE INDEX shipment_by_external_reference ON shipment (external_reference, received_at) WHERE external_reference IS NOT NULL;

-- The vendor's own number of a receipt.
ALTER TABLE receipt ADD COLUMN print_id KEYTEXT CONSTRAINT receipt_print_id_given CHECK (print_id <> '');
UPDATE receipt SET print_id = line::json ->> 'PrintID'
  WHERE CASE WHEN position('\u0000' IN line) = 0 THEN char_length(line::json ->> 'PrintID') BETWEEN 1 AND 100 END;
CREATE INDEX receipt_by_print_id ON receipt (print_id) WHERE print_id IS NOT NULL;

-- How many shipments there are of each kind, kept as they change: counting them takes seconds in an archive of years. A row is added to
-- their sum and none changed, since a row that one transaction changes thousands of times grows slower each time; now and then they are
-- summed up. There is one writer at a time.
CREATE TABLE shipment_count (
  account KEYTEXT NOT NULL,
  status  KEYTEXT NOT NULL,
  hold    KEYTEXT NOT NULL,
  letters BIGINT  NOT NULL
);
CREATE VIEW shipment_counts AS SELECT account, status, hold, sum(letters)::BIGINT AS letters FROM shipment_count GROUP BY account, status, hold;
INSERT INTO shipment_count (account, status, hold, letters) SELECT account, status, hold, count(*) FROM shipment GROUP BY account, status, hold;
-- +goose StatementBegin
CREATE FUNCTION sum_shipment_count() RETURNS void LANGUAGE sql AS $$
  WITH gone AS (DELETE FROM shipment_count RETURNING account, status, hold, letters)
  INSERT INTO shipment_count (account, status, hold, letters)
    SELECT account, status, hold, sum(letters) FROM gone GROUP BY account, status, hold HAVING sum(letters) <> 0;
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION count_shipments_in() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO shipment_count (account, status, hold, letters) SELECT account, status, hold, count(*) FROM after_it GROUP BY account, status, hold;
  IF random() < 0.01 THEN PERFORM sum_shipment_count(); END IF;
  RETURN NULL;
END;
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION count_shipments_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO shipment_count (account, status, hold, letters)
    SELECT account, status, hold, sum(n) FROM (SELECT account, status, hold, 1 AS n FROM after_it UNION ALL SELECT account, status, hold, -1 FROM before_it) c
    GROUP BY account, status, hold HAVING sum(n) <> 0;
  IF FOUND AND random() < 0.01 THEN PERFORM sum_shipment_count(); END IF;
  RETURN NULL;
END;
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION count_shipments_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO shipment_count (account, status, hold, letters) SELECT account, status, hold, -count(*) FROM before_it GROUP BY account, status, hold;
  RETURN NULL;
END;
$$;
-- +goose StatementEnd
CREATE TRIGGER shipment_counted_in AFTER INSERT ON shipment REFERENCING NEW TABLE AS after_it FOR EACH STATEMENT EXECUTE FUNCTION count_shipments_in();
CREATE TRIGGER shipment_counted_again AFTER UPDATE ON shipment REFERENCING OLD TABLE AS before_it NEW TABLE AS after_it FOR EACH STATEMENT EXECUTE FUNCTION count_shipments_again();
CREATE TRIGGER shipment_counted_out AFTER DELETE ON shipment REFERENCING OLD TABLE AS before_it FOR EACH STATEMENT EXECUTE FUNCTION count_shipments_out();

-- Any part of a shipment's id, of its hand-in's key or of the sender's reference finds it: by the three letters (trigrams) that stand
-- together in them. This is not the extension pg_trgm, which a database's owner may not be allowed to create; SQLite finds by the same.
-- +goose StatementBegin
CREATE FUNCTION trigrams(t TEXT) RETURNS TEXT[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT coalesce(array_agg(DISTINCT substr(t COLLATE "C", n, 3)), '{}') FROM generate_series(1, length(t) - 2) n
$$;
-- +goose StatementEnd
CREATE INDEX shipment_words ON shipment USING gin (trigrams(lower(id || ' ' || hand_in || ' ' || coalesce(external_reference, ''))));

-- Who a letter goes to, as people look for it: name and address, folded, and the keyed hash of the number. It goes with the letter.
-- seq is later the later the letter came, also of letters from before there was this table.
CREATE TABLE shipment_person (
  seq      BIGINT  NOT NULL PRIMARY KEY,
  shipment KEYTEXT NOT NULL UNIQUE REFERENCES shipment (id),
  account  KEYTEXT NOT NULL,
  words    KEYTEXT NOT NULL,
  number   KEYTEXT CONSTRAINT shipment_person_number_form CHECK (length(number) = 64)
);
CREATE INDEX shipment_person_by_number ON shipment_person (number, seq) WHERE number IS NOT NULL;
CREATE INDEX shipment_person_words ON shipment_person USING gin (trigrams(words));

-- +goose Down
DROP TABLE shipment_person;
DROP INDEX shipment_words;
DROP FUNCTION trigrams(TEXT);
DROP TRIGGER shipment_counted_in ON shipment;
DROP TRIGGER shipment_counted_again ON shipment;
DROP TRIGGER shipment_counted_out ON shipment;
DROP FUNCTION count_shipments_in();
DROP FUNCTION count_shipments_again();
DROP FUNCTION count_shipments_out();
DROP FUNCTION sum_shipment_count();
DROP VIEW shipment_counts;
DROP TABLE shipment_count;
DROP INDEX receipt_by_print_id;
ALTER TABLE receipt DROP COLUMN print_id;
DROP INDEX shipment_by_external_reference;
CREATE INDEX shipment_by_external_reference ON shipment (account, external_reference) WHERE external_reference IS NOT NULL;
DROP INDEX shipment_by_due;
DROP INDEX shipment_newest_of_reason;
DROP INDEX shipment_newest_of_system;
DROP INDEX shipment_newest_of_code;
DROP INDEX shipment_newest_of_status;
DROP INDEX shipment_newest_of_account;
