-- +goose Up
-- Lists of the newest shipments with something in common: each index is walked from its newest end.
CREATE INDEX shipment_newest_of_account ON shipment (account, received_at);
CREATE INDEX shipment_newest_of_status ON shipment (status, received_at);
-- What is longer stands in refused hand-ins only, and may be too long for an index.
CREATE INDEX shipment_newest_of_code ON shipment (konteringskode, received_at) WHERE length(konteringskode) <= 100;
CREATE INDEX shipment_newest_of_system ON shipment (sending_system, received_at) WHERE length(sending_system) <= 100;
CREATE INDEX shipment_newest_of_reason ON shipment (due_reason, received_at) WHERE due_reason IS NOT NULL;
-- Its condition is one that only a search has, so that SQLite does not prefer it to the small shipment_waiting every night.
CREATE INDEX shipment_by_due ON shipment (due_at) WHERE due_at > 0;
-- Many letters may have one reference, and people ask for one without knowing whose it is.
DROP INDEX shipment_by_external_reference;
CREATE INDEX shipment_by_external_reference ON shipment (external_reference, received_at) WHERE external_reference IS NOT NULL;

-- The vendor's own number of a receipt.
ALTER TABLE receipt ADD COLUMN print_id KEYTEXT CONSTRAINT receipt_print_id_given CHECK (print_id <> '');
UPDATE receipt SET print_id = line ->> 'PrintID'
  WHERE instr(line, '\u0000') = 0 AND length(line ->> 'PrintID') BETWEEN 1 AND 100;
CREATE INDEX receipt_by_print_id ON receipt (print_id) WHERE print_id IS NOT NULL;

-- How many shipments there are of each kind, kept as they change: counting them takes seconds in an archive of years.
CREATE TABLE shipment_counts (
  account KEYTEXT NOT NULL,
  status  KEYTEXT NOT NULL,
  hold    KEYTEXT NOT NULL,
  letters BIGINT  NOT NULL,
  PRIMARY KEY (account, status, hold)
);
INSERT INTO shipment_counts (account, status, hold, letters) SELECT account, status, hold, count(*) FROM shipment GROUP BY account, status, hold;
-- +goose StatementBegin
CREATE TRIGGER shipment_counted_in AFTER INSERT ON shipment
BEGIN
  INSERT INTO shipment_counts (account, status, hold, letters) VALUES (NEW.account, NEW.status, NEW.hold, 1)
    ON CONFLICT (account, status, hold) DO UPDATE SET letters = letters + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER shipment_counted_again AFTER UPDATE OF account, status, hold ON shipment
  WHEN NEW.account <> OLD.account OR NEW.status <> OLD.status OR NEW.hold <> OLD.hold
BEGIN
  UPDATE shipment_counts SET letters = letters - 1 WHERE account = OLD.account AND status = OLD.status AND hold = OLD.hold;
  INSERT INTO shipment_counts (account, status, hold, letters) VALUES (NEW.account, NEW.status, NEW.hold, 1)
    ON CONFLICT (account, status, hold) DO UPDATE SET letters = letters + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER shipment_counted_out AFTER DELETE ON shipment
BEGIN
  UPDATE shipment_counts SET letters = letters - 1 WHERE account = OLD.account AND status = OLD.status AND hold = OLD.hold;
END;
-- +goose StatementEnd

-- Any part of a shipment's id, of its hand-in's key or of the sender's reference finds it: by the three letters (trigrams) that stand
-- together in them. The index has no text of its own, and knows shipments by a number of theirs that no VACUUM changes.
CREATE TABLE shipment_number (
  number   INTEGER NOT NULL PRIMARY KEY,
  shipment KEYTEXT NOT NULL UNIQUE
);
CREATE VIRTUAL TABLE shipment_words USING fts5 (words, content = '', columnsize = 0, detail = 'none', tokenize = 'trigram case_sensitive 1');
INSERT INTO shipment_number (shipment) SELECT id FROM shipment ORDER BY received_at, id;
INSERT INTO shipment_words (rowid, words)
  SELECT n.number, lower(s.id || ' ' || s.hand_in || ' ' || coalesce(s.external_reference, '')) FROM shipment_number n JOIN shipment s ON s.id = n.shipment ORDER BY n.number;
-- +goose StatementBegin
CREATE TRIGGER shipment_words_in AFTER INSERT ON shipment
BEGIN
  INSERT INTO shipment_number (shipment) VALUES (NEW.id);
  INSERT INTO shipment_words (rowid, words)
    SELECT number, lower(NEW.id || ' ' || NEW.hand_in || ' ' || coalesce(NEW.external_reference, '')) FROM shipment_number WHERE shipment = NEW.id;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER shipment_words_again AFTER UPDATE OF hand_in, external_reference ON shipment
  WHEN NEW.hand_in <> OLD.hand_in OR NEW.external_reference IS NOT OLD.external_reference
BEGIN
  INSERT INTO shipment_words (shipment_words, rowid, words)
    SELECT 'delete', number, lower(OLD.id || ' ' || OLD.hand_in || ' ' || coalesce(OLD.external_reference, '')) FROM shipment_number WHERE shipment = OLD.id;
  INSERT INTO shipment_words (rowid, words)
    SELECT number, lower(NEW.id || ' ' || NEW.hand_in || ' ' || coalesce(NEW.external_reference, '')) FROM shipment_number WHERE shipment = NEW.id;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER shipment_words_out AFTER DELETE ON shipment
BEGIN
  INSERT INTO shipment_words (shipment_words, rowid, words)
    SELECT 'delete', number, lower(OLD.id || ' ' || OLD.hand_in || ' ' || coalesce(OLD.external_reference, '')) FROM shipment_number WHERE shipment = OLD.id;
  DELETE FROM shipment_number WHERE shipment = OLD.id;
END;
-- +goose StatementEnd

-- Who a letter goes to, as people look for it: name and address, folded, and the keyed hash of the number. It goes with the letter.
-- seq is later the later the letter came, also of letters from before there was this table.
CREATE TABLE shipment_person (
  seq      INTEGER NOT NULL PRIMARY KEY,
  shipment KEYTEXT NOT NULL UNIQUE REFERENCES shipment (id),
  account  KEYTEXT NOT NULL,
  words    KEYTEXT NOT NULL,
  number   KEYTEXT CONSTRAINT shipment_person_number_form CHECK (length(number) = 64)
);
CREATE INDEX shipment_person_by_number ON shipment_person (number, seq) WHERE number IS NOT NULL;
CREATE VIRTUAL TABLE shipment_person_words USING fts5 (words, content = 'shipment_person', content_rowid = 'seq', columnsize = 0, detail = 'none', tokenize = 'trigram case_sensitive 1');
-- What is deleted is taken out of the index, and not only marked.
INSERT INTO shipment_person_words (shipment_person_words, rank) VALUES ('secure-delete', 1);
-- +goose StatementBegin
CREATE TRIGGER shipment_person_words_in AFTER INSERT ON shipment_person
BEGIN
  INSERT INTO shipment_person_words (rowid, words) VALUES (NEW.seq, NEW.words);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER shipment_person_words_again AFTER UPDATE OF words ON shipment_person WHEN NEW.words <> OLD.words
BEGIN
  INSERT INTO shipment_person_words (shipment_person_words, rowid, words) VALUES ('delete', OLD.seq, OLD.words);
  INSERT INTO shipment_person_words (rowid, words) VALUES (NEW.seq, NEW.words);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER shipment_person_words_out AFTER DELETE ON shipment_person
BEGIN
  INSERT INTO shipment_person_words (shipment_person_words, rowid, words) VALUES ('delete', OLD.seq, OLD.words);
END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE shipment_person_words;
DROP TABLE shipment_person;
DROP TRIGGER shipment_words_in;
DROP TRIGGER shipment_words_again;
DROP TRIGGER shipment_words_out;
DROP TABLE shipment_words;
DROP TABLE shipment_number;
DROP TRIGGER shipment_counted_in;
DROP TRIGGER shipment_counted_again;
DROP TRIGGER shipment_counted_out;
DROP TABLE shipment_counts;
DROP INDEX receipt_by_print_id;
ALTER TABLE receipt DROP COLUMN print_id;
DROP INDEX shipment_by_external_reference;
CREATE INDEX shipment_by_external_reference ON shipment (account, external_reference) WHERE external_reference IS NOT NULL;
DROP INDEX shipment_by_due;
DROP INDEX shipment_newest_of_reason;
DROP INDEX shipment_newest_of_system;
DROP INDEX shipment_newest_of_code;
DROP INDEX shipment_newest_of_status;
DROP INDEX shipment_newest_of_account;
