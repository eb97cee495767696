-- +goose Up
-- Who has logged in. People are kept as keyed hashes, and the browser's token as its hash.
CREATE TABLE login_session (
  token         KEYTEXT NOT NULL PRIMARY KEY CONSTRAINT login_session_token_form CHECK (length(token) = 64),
  issuer        KEYTEXT NOT NULL,
  sid           KEYTEXT NOT NULL,
  subject       KEYTEXT NOT NULL,
  person        KEYTEXT NOT NULL,
  organisations TEXT    NOT NULL,
  level         TEXT    NOT NULL,
  began_at      BIGINT  NOT NULL CONSTRAINT login_session_began_at_set CHECK (began_at <> 0),
  last_at       BIGINT  NOT NULL CONSTRAINT login_session_last_at_set CHECK (last_at <> 0),
  ended_at      BIGINT
);
CREATE INDEX login_session_by_sid ON login_session (issuer, sid) WHERE sid <> '';
CREATE INDEX login_session_by_began_at ON login_session (began_at);

-- +goose Down
DROP TABLE login_session;
