-- +goose Up
-- Keys and codes are compared and sorted byte by byte, whatever the collation of the database, so that lists and pages
-- have the same order as on SQLite.
CREATE DOMAIN keytext AS TEXT COLLATE "C";

-- +goose Down
DROP DOMAIN keytext;
