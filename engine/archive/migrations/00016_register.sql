-- +goose Up
-- The register of konteringskoder (kontoplan), as it was imported last.
CREATE TABLE code_register (
  code    KEYTEXT NOT NULL PRIMARY KEY CONSTRAINT code_register_code_given CHECK (code <> ''),
  content TEXT    NOT NULL
);

-- +goose Down
DROP TABLE code_register;
