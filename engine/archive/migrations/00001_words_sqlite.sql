-- +goose Up
-- SQLite takes any name for a type. KEYTEXT has the affinity of TEXT and is compared byte by byte as it is, and
-- INTEGER PRIMARY KEY numbers rows by itself, so there is nothing to declare here.
SELECT 1;

-- +goose Down
SELECT 1;
