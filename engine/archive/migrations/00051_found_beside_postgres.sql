-- +goose Up
-- What a shipment is found by, beside it: PostgreSQL writes a changed row to each index of its table, and its status changes some six
-- times. To take the words apart each time took more than all else that a receipt does.
CREATE TABLE shipment_found (
  shipment KEYTEXT NOT NULL PRIMARY KEY,
  words    KEYTEXT NOT NULL
);
INSERT INTO shipment_found (shipment, words) SELECT id, lower(id || ' ' || hand_in || ' ' || coalesce(external_reference, '')) FROM shipment ORDER BY received_at, id;
CREATE INDEX shipment_found_words ON shipment_found USING gin (trigrams(words));
-- +goose StatementBegin
CREATE FUNCTION found_shipments_in() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO shipment_found (shipment, words) SELECT id, lower(id || ' ' || hand_in || ' ' || coalesce(external_reference, '')) FROM after_it;
  RETURN NULL;
END;
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION found_shipment_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE shipment_found SET words = lower(NEW.id || ' ' || NEW.hand_in || ' ' || coalesce(NEW.external_reference, '')) WHERE shipment = NEW.id;
  RETURN NULL;
END;
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION found_shipments_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM shipment_found f USING before_it o WHERE f.shipment = o.id;
  RETURN NULL;
END;
$$;
-- +goose StatementEnd
CREATE TRIGGER shipment_found_out AFTER DELETE ON shipment REFERENCING OLD TABLE AS before_it FOR EACH STATEMENT EXECUTE FUNCTION found_shipments_out();
CREATE TRIGGER shipment_found_in AFTER INSERT ON shipment REFERENCING NEW TABLE AS after_it FOR EACH STATEMENT EXECUTE FUNCTION found_shipments_in();
CREATE TRIGGER shipment_found_again AFTER UPDATE OF hand_in, external_reference ON shipment FOR EACH ROW
  WHEN (NEW.hand_in <> OLD.hand_in OR NEW.external_reference IS DISTINCT FROM OLD.external_reference) EXECUTE FUNCTION found_shipment_again();
DROP INDEX shipment_words;

-- +goose Down
CREATE INDEX shipment_words ON shipment USING gin (trigrams(lower(id || ' ' || hand_in || ' ' || coalesce(external_reference, ''))));
DROP TRIGGER shipment_found_again ON shipment;
DROP TRIGGER shipment_found_in ON shipment;
DROP TRIGGER shipment_found_out ON shipment;
DROP FUNCTION found_shipments_out();
DROP FUNCTION found_shipment_again();
DROP FUNCTION found_shipments_in();
DROP TABLE shipment_found;
