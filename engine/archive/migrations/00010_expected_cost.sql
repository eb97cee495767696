-- +goose Up
-- What a letter was expected to cost by the vendor's price list when its job was planned, in øre net of VAT; NULL: no price
-- list, or a price was missing.
ALTER TABLE job_letter ADD COLUMN expected_production BIGINT;
ALTER TABLE job_letter ADD COLUMN expected_postage BIGINT
  CONSTRAINT job_letter_expected_whole CHECK ((expected_production IS NULL) = (expected_postage IS NULL));
-- When a person approved that the letter goes to paper whatever the caps on cost say; NULL: nobody.
ALTER TABLE shipment ADD COLUMN cost_approved_at BIGINT;
CREATE INDEX shipment_by_hold ON shipment (hold) WHERE hold <> '';

-- +goose Down
DROP INDEX shipment_by_hold;
ALTER TABLE shipment DROP COLUMN cost_approved_at;
ALTER TABLE job_letter DROP COLUMN expected_postage;
ALTER TABLE job_letter DROP COLUMN expected_production;
