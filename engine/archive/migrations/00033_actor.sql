-- +goose Up
-- Who did it, as access.Actor keeps it: a person, an integration, or the command line. NULL: Postgang by itself, or before this was kept.
ALTER TABLE event ADD COLUMN actor KEYTEXT CONSTRAINT event_actor_given CHECK (actor <> '');
ALTER TABLE job_event ADD COLUMN actor KEYTEXT CONSTRAINT job_event_actor_given CHECK (actor <> '');
ALTER TABLE ledger ADD COLUMN actor KEYTEXT CONSTRAINT ledger_actor_given CHECK (actor <> '');
ALTER TABLE closed_month ADD COLUMN actor KEYTEXT CONSTRAINT closed_month_actor_given CHECK (actor <> '');
ALTER TABLE receipt_decision ADD COLUMN actor KEYTEXT CONSTRAINT receipt_decision_actor_given CHECK (actor <> '');
ALTER TABLE deviation_decision ADD COLUMN actor KEYTEXT CONSTRAINT deviation_decision_actor_given CHECK (actor <> '');
ALTER TABLE invoice ADD COLUMN actor KEYTEXT CONSTRAINT invoice_actor_given CHECK (actor <> '');
ALTER TABLE invoice_removed ADD COLUMN actor KEYTEXT CONSTRAINT invoice_removed_actor_given CHECK (actor <> '');
ALTER TABLE invoice_removed ADD COLUMN removed_by KEYTEXT CONSTRAINT invoice_removed_by_given CHECK (removed_by <> '');
ALTER TABLE invoice_carry ADD COLUMN actor KEYTEXT CONSTRAINT invoice_carry_actor_given CHECK (actor <> '');
ALTER TABLE found_job ADD COLUMN actor KEYTEXT CONSTRAINT found_job_actor_given CHECK (actor <> '');
ALTER TABLE alarm ADD COLUMN ack_actor KEYTEXT CONSTRAINT alarm_ack_actor_given CHECK (ack_actor <> '');

-- What takes two persons (month/2026-10, job/P-000001 and the like): one asks for it, and another one does it.
CREATE TABLE second_person (
  subject  KEYTEXT NOT NULL CONSTRAINT second_person_subject_given CHECK (subject <> ''),
  turn     BIGINT  NOT NULL CONSTRAINT second_person_counted CHECK (turn > 0),
  actor    KEYTEXT NOT NULL CONSTRAINT second_person_first_given CHECK (actor <> ''),
  asked_at BIGINT  NOT NULL CONSTRAINT second_person_asked_at_set CHECK (asked_at <> 0),
  reason   TEXT    NOT NULL CONSTRAINT second_person_reasoned CHECK (reason <> ''),
  second   KEYTEXT CONSTRAINT second_person_is_another CHECK (second <> actor), -- who did it; NULL: nobody yet
  done_at  BIGINT,
  PRIMARY KEY (subject, turn),
  CONSTRAINT second_person_done_whole CHECK ((second IS NULL) = (done_at IS NULL))
);

-- +goose Down
DROP TABLE second_person;
ALTER TABLE alarm DROP COLUMN ack_actor;
ALTER TABLE found_job DROP COLUMN actor;
ALTER TABLE invoice_carry DROP COLUMN actor;
ALTER TABLE invoice_removed DROP COLUMN removed_by;
ALTER TABLE invoice_removed DROP COLUMN actor;
ALTER TABLE invoice DROP COLUMN actor;
ALTER TABLE deviation_decision DROP COLUMN actor;
ALTER TABLE receipt_decision DROP COLUMN actor;
ALTER TABLE closed_month DROP COLUMN actor;
ALTER TABLE ledger DROP COLUMN actor;
ALTER TABLE job_event DROP COLUMN actor;
ALTER TABLE event DROP COLUMN actor;
