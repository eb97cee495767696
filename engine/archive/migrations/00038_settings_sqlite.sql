-- +goose Up
-- What was set of an account from a day on: by whom, and why. What a version does not set stays as it was.
CREATE TABLE account_version (
  number   BIGINT  NOT NULL PRIMARY KEY CONSTRAINT account_version_counted CHECK (number > 0),
  account  KEYTEXT NOT NULL CONSTRAINT account_version_account_given CHECK (account <> ''),
  from_day KEYTEXT NOT NULL CONSTRAINT account_version_from_day_form CHECK (length(from_day) = 10),
  made_at  BIGINT  NOT NULL CONSTRAINT account_version_made_at_set CHECK (made_at <> 0),
  actor    KEYTEXT NOT NULL CONSTRAINT account_version_actor_given CHECK (actor <> ''),
  reason   TEXT    NOT NULL CONSTRAINT account_version_reasoned CHECK (reason <> ''),
  change   TEXT    NOT NULL
);
CREATE INDEX account_version_of_account ON account_version (account, number);

-- Logos that versions have set, in base64.
CREATE TABLE account_logo (
  sha256  KEYTEXT NOT NULL PRIMARY KEY CONSTRAINT account_logo_sha256_form CHECK (length(sha256) = 64),
  picture TEXT    NOT NULL
);

-- Which versions a letter was prepared with, by setting. NULL: with none.
ALTER TABLE shipment ADD COLUMN settings TEXT;

-- Both are only added to.
-- +goose StatementBegin
CREATE TRIGGER account_version_no_update BEFORE UPDATE ON account_version
BEGIN
  SELECT RAISE(ABORT, 'account_version is only added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER account_version_no_delete BEFORE DELETE ON account_version
BEGIN
  SELECT RAISE(ABORT, 'account_version is only added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER account_logo_no_update BEFORE UPDATE ON account_logo
BEGIN
  SELECT RAISE(ABORT, 'account_logo is only added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER account_logo_no_delete BEFORE DELETE ON account_logo
BEGIN
  SELECT RAISE(ABORT, 'account_logo is only added to');
END;
-- +goose StatementEnd

-- +goose Down
ALTER TABLE shipment DROP COLUMN settings;
DROP TABLE account_logo;
DROP TABLE account_version;
