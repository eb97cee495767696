-- +goose Up
-- Who has started a run by hand, as access.Actor keeps it. NULL: Postgang by itself, or before this was kept.
ALTER TABLE slot ADD COLUMN actor KEYTEXT CONSTRAINT slot_actor_given CHECK (actor <> '');

-- +goose Down
ALTER TABLE slot DROP COLUMN actor;
