-- +goose Up
-- The log-in name of a person on the machine where the command line is used, so that both are known for one person; empty: not known.
ALTER TABLE person ADD COLUMN login KEYTEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX person_by_login ON person (login) WHERE login <> '' AND ended_at IS NULL;

-- +goose Down
DROP INDEX person_by_login;
ALTER TABLE person DROP COLUMN login;
