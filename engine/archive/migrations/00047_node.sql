-- +goose Up
-- The processes that serve this archive, each by its name (engine/node). Times are the database's own, in milliseconds since 1970.
CREATE TABLE node (
  name           KEYTEXT NOT NULL PRIMARY KEY,
  roles          TEXT    NOT NULL,
  version        TEXT    NOT NULL,
  schema_version BIGINT  NOT NULL,
  config         TEXT    NOT NULL,
  clock_ms       BIGINT  NOT NULL,
  started_at     BIGINT  NOT NULL,
  beat_at        BIGINT  NOT NULL,
  stopped_at     BIGINT
);

-- +goose Down
DROP TABLE node;
