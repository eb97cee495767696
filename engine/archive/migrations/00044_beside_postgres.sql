-- +goose Up
-- Several processes take hand-ins at the same time: each letter gets a number of its own without looking at the others' (search.PutPersons).
CREATE SEQUENCE shipment_person_newest MINVALUE 1099511627777;
SELECT setval('shipment_person_newest', (SELECT greatest(coalesce(max(seq), 0), 1099511627777) FROM shipment_person));

-- +goose Down
DROP SEQUENCE shipment_person_newest;
