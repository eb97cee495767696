-- +goose Up
-- Who may log in to the console. A fødselsnummer is kept as a keyed hash; nobody is removed, since the logs name them.
CREATE TABLE person (
  id         KEYTEXT NOT NULL PRIMARY KEY CONSTRAINT person_id_form CHECK (length(id) = 36 AND id = lower(id)),
  name       KEYTEXT NOT NULL CONSTRAINT person_name_given CHECK (name <> ''),
  issuer     KEYTEXT NOT NULL,
  subject    KEYTEXT NOT NULL,
  number     KEYTEXT NOT NULL CONSTRAINT person_number_form CHECK (number = '' OR length(number) = 64),
  created_at BIGINT  NOT NULL CONSTRAINT person_created_at_set CHECK (created_at <> 0),
  last_login BIGINT  CONSTRAINT person_last_login_set CHECK (last_login <> 0),
  ended_at   BIGINT  CONSTRAINT person_ended_at_set CHECK (ended_at <> 0),
  CONSTRAINT person_identity_whole CHECK ((issuer = '') = (subject = '')),
  CONSTRAINT person_can_be_known CHECK (subject <> '' OR number <> '')
);
CREATE UNIQUE INDEX person_by_identity ON person (issuer, subject) WHERE subject <> '' AND ended_at IS NULL;
CREATE UNIQUE INDEX person_by_number ON person (number) WHERE number <> '' AND ended_at IS NULL;

-- Which roles they have: for an account, for an organisation, or, with both empty, for all.
CREATE TABLE person_grant (
  person       KEYTEXT NOT NULL REFERENCES person (id),
  role         KEYTEXT NOT NULL CONSTRAINT person_grant_role_given CHECK (role <> ''),
  organisation KEYTEXT NOT NULL,
  account      KEYTEXT NOT NULL,
  PRIMARY KEY (person, role, organisation, account),
  CONSTRAINT person_grant_one_place CHECK (organisation = '' OR account = '')
);

-- What was changed of who may what: by whom, from what to what, and why. Each row's hash covers the one before.
CREATE TABLE access_change (
  seq          BIGINT  NOT NULL PRIMARY KEY CONSTRAINT access_change_counted CHECK (seq > 0),
  changed_at   BIGINT  NOT NULL CONSTRAINT access_change_changed_at_set CHECK (changed_at <> 0),
  actor        KEYTEXT NOT NULL,
  subject      KEYTEXT NOT NULL CONSTRAINT access_change_subject_given CHECK (subject <> ''),
  before_state TEXT    NOT NULL,
  after_state  TEXT    NOT NULL,
  reason       TEXT    NOT NULL CONSTRAINT access_change_reasoned CHECK (reason <> ''),
  hash         KEYTEXT NOT NULL CONSTRAINT access_change_hash_form CHECK (length(hash) = 64)
);
CREATE INDEX access_change_by_subject ON access_change (subject, seq);

-- Innsynslogg: who has seen personal data of a letter, and why. It outlives the letter, so that it refers to none.
CREATE TABLE lookup (
  seq       BIGINT  NOT NULL PRIMARY KEY CONSTRAINT lookup_counted CHECK (seq > 0),
  looked_at BIGINT  NOT NULL CONSTRAINT lookup_looked_at_set CHECK (looked_at <> 0),
  actor     KEYTEXT NOT NULL CONSTRAINT lookup_actor_given CHECK (actor <> ''),
  shipment  KEYTEXT NOT NULL,
  account   KEYTEXT NOT NULL,
  what      KEYTEXT NOT NULL CONSTRAINT lookup_what_given CHECK (what <> ''),
  purpose   TEXT    NOT NULL CONSTRAINT lookup_purpose_given CHECK (purpose <> ''),
  hash      KEYTEXT NOT NULL CONSTRAINT lookup_hash_form CHECK (length(hash) = 64)
);
CREATE INDEX lookup_by_shipment ON lookup (shipment, seq) WHERE shipment <> '';
CREATE INDEX lookup_by_actor ON lookup (actor, seq);
CREATE INDEX lookup_by_account ON lookup (account, seq);

-- Both logs are only added to.
-- +goose StatementBegin
CREATE TRIGGER access_change_no_update BEFORE UPDATE ON access_change
BEGIN
  SELECT RAISE(ABORT, 'access_change is only added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER access_change_no_delete BEFORE DELETE ON access_change
BEGIN
  SELECT RAISE(ABORT, 'access_change is only added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER lookup_no_update BEFORE UPDATE ON lookup
BEGIN
  SELECT RAISE(ABORT, 'lookup is only added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER lookup_no_delete BEFORE DELETE ON lookup
BEGIN
  SELECT RAISE(ABORT, 'lookup is only added to');
END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE lookup;
DROP TABLE access_change;
DROP TABLE person_grant;
DROP TABLE person;
