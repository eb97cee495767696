-- +goose Up
-- What a prepared file was made from and how: the hash of its inputs, in their order, and of the recipe. Equal keys mean
-- equal files, so that what is there need not be made again. NULL: not prepared, or before this was kept.
ALTER TABLE shipment ADD COLUMN prepared_key KEYTEXT
  CONSTRAINT shipment_prepared_key_form CHECK (length(prepared_key) = 64 AND prepared_key = lower(prepared_key));
CREATE INDEX shipment_by_prepared_key ON shipment (prepared_key) WHERE prepared_key IS NOT NULL;

-- +goose Down
DROP INDEX shipment_by_prepared_key;
ALTER TABLE shipment DROP COLUMN prepared_key;
