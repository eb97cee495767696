-- +goose Up
-- Times are Unix milliseconds in UTC; NULL, never 0, means "has not happened". Amounts are øre. JSON stands as TEXT.
-- A boolean in a CHECK or in an index is what keeps a rule when the code has a fault; each says which rule.

CREATE TABLE setting (
  key   KEYTEXT NOT NULL PRIMARY KEY CHECK (key <> ''),
  value TEXT    NOT NULL
);

CREATE TABLE counter (
  name  KEYTEXT NOT NULL PRIMARY KEY,
  value BIGINT  NOT NULL CHECK (value >= 0)
);
INSERT INTO counter (name, value) VALUES ('job', 0);

CREATE TABLE shipment (
  id              KEYTEXT NOT NULL PRIMARY KEY CONSTRAINT shipment_id_form CHECK (length(id) = 36 AND id = lower(id)),
  account         KEYTEXT NOT NULL CONSTRAINT shipment_account_given CHECK (account <> ''),
  hand_in         KEYTEXT NOT NULL CONSTRAINT shipment_hand_in_given CHECK (hand_in <> ''),
  status          KEYTEXT NOT NULL CONSTRAINT shipment_status_known CHECK (status IN (
                    'MOTTATT', 'AKSEPTERT', 'AVVIST', 'FEILET_UNDER_MOTTAK', 'KLAR_FOR_MOTTAK', 'VARSLET',
                    'SENDT_DIGITALT', 'SENDT_SDP', 'LEVERT_SDP', 'LEST', 'SENDT_PRINT', 'PRINTET', 'IKKE_LEVERT',
                    'MANUELT_HANDTERT', 'SLETTET')),
  submission      TEXT    NOT NULL,
  -- Three fields of the submission again, so that reports never read the rest of it.
  konteringskode  KEYTEXT NOT NULL,
  sending_system  KEYTEXT NOT NULL,
  digital_only    BOOLEAN NOT NULL,
  fingerprint     KEYTEXT NOT NULL,
  zone            KEYTEXT NOT NULL CONSTRAINT shipment_zone_known CHECK (zone IN ('', 'NORGE', 'EUROPA', 'VERDEN')),
  received_at     BIGINT  NOT NULL CONSTRAINT shipment_received_at_set CHECK (received_at <> 0),
  notified_at     BIGINT  CONSTRAINT shipment_notified_at_set CHECK (notified_at <> 0),
  read_at         BIGINT  CONSTRAINT shipment_read_at_set CHECK (read_at <> 0),
  due_at          BIGINT  CONSTRAINT shipment_due_at_set CHECK (due_at <> 0),
  due_reason      KEYTEXT CONSTRAINT shipment_due_reason_given CHECK (due_reason <> ''),
  sent_at         BIGINT  CONSTRAINT shipment_sent_at_set CHECK (sent_at <> 0),
  posted_at       BIGINT  CONSTRAINT shipment_posted_at_set CHECK (posted_at <> 0),
  closed_at       BIGINT  CONSTRAINT shipment_closed_at_set CHECK (closed_at <> 0),
  prepared_sha    KEYTEXT CONSTRAINT shipment_prepared_form CHECK (length(prepared_sha) = 64 AND prepared_sha = lower(prepared_sha)),
  prepared_bytes  BIGINT  CONSTRAINT shipment_prepared_size CHECK (prepared_bytes >= 0),
  facts           TEXT,
  hold            KEYTEXT NOT NULL,
  refusals        TEXT    NOT NULL,
  version         BIGINT  NOT NULL,
  CONSTRAINT shipment_hand_in_once UNIQUE (account, hand_in),
  CONSTRAINT shipment_due_with_reason CHECK ((due_at IS NULL) = (due_reason IS NULL)),
  CONSTRAINT shipment_prepared_whole CHECK ((prepared_sha IS NULL) = (prepared_bytes IS NULL)),
  CONSTRAINT shipment_facts_of_prepared CHECK (facts IS NULL OR prepared_sha IS NOT NULL),
  -- Accepted and everything after it has a file that can be printed, unless it is only digital. A person may close a
  -- shipment that never had one, and a deleted one has it no more.
  CONSTRAINT shipment_accepted_is_prepared CHECK (prepared_sha IS NOT NULL OR digital_only OR status IN (
    'MOTTATT', 'AVVIST', 'FEILET_UNDER_MOTTAK', 'MANUELT_HANDTERT', 'SLETTET')),
  CONSTRAINT shipment_digital_only_never_due CHECK (NOT digital_only OR due_at IS NULL),
  CONSTRAINT shipment_digital_only_never_printed CHECK (NOT digital_only OR status NOT IN ('SENDT_PRINT', 'PRINTET'))
);
CREATE INDEX shipment_by_status ON shipment (account, status, hold);
CREATE INDEX shipment_in_status ON shipment (status, id);
CREATE INDEX shipment_by_fingerprint ON shipment (fingerprint, received_at);
CREATE INDEX shipment_by_received ON shipment (received_at);
CREATE INDEX shipment_by_posted ON shipment (posted_at) WHERE posted_at IS NOT NULL;
CREATE INDEX shipment_held ON shipment (id) WHERE hold <> '';
-- What may be collected some night: small beside a year's shipments, and in the order that collecting pages through it.
-- Nothing is added to the status there and here, so that SQLite does not prefer an index on it, with which every page
-- would sort all that waits.
CREATE INDEX shipment_waiting ON shipment (id, due_at, account)
  WHERE status || '' IN ('AKSEPTERT', 'VARSLET', 'KLAR_FOR_MOTTAK', 'SENDT_SDP')
    AND due_at IS NOT NULL AND read_at IS NULL AND closed_at IS NULL AND hold = '' AND prepared_sha IS NOT NULL;

CREATE TABLE document (
  shipment   KEYTEXT NOT NULL REFERENCES shipment (id),
  place      BIGINT  NOT NULL CONSTRAINT document_place_counted CHECK (place >= 0),
  file_name  TEXT    NOT NULL,
  mime_type  KEYTEXT NOT NULL,
  blob_sha   KEYTEXT NOT NULL CONSTRAINT document_blob_form CHECK (length(blob_sha) = 64 AND blob_sha = lower(blob_sha)),
  blob_bytes BIGINT  NOT NULL CONSTRAINT document_blob_size CHECK (blob_bytes >= 0),
  giro       TEXT    NOT NULL,
  excluded   BOOLEAN NOT NULL,
  PRIMARY KEY (shipment, place)
);

CREATE TABLE event (
  seq         INTEGER NOT NULL PRIMARY KEY,
  shipment    KEYTEXT NOT NULL REFERENCES shipment (id),
  happened_at BIGINT  NOT NULL CONSTRAINT event_happened_at_set CHECK (happened_at <> 0),
  recorded_at BIGINT  NOT NULL CONSTRAINT event_recorded_at_set CHECK (recorded_at <> 0),
  kind        KEYTEXT NOT NULL CONSTRAINT event_kind_given CHECK (kind <> ''),
  from_status KEYTEXT NOT NULL CONSTRAINT event_from_known CHECK (from_status IN (
                '', 'MOTTATT', 'AKSEPTERT', 'AVVIST', 'FEILET_UNDER_MOTTAK', 'KLAR_FOR_MOTTAK', 'VARSLET',
                'SENDT_DIGITALT', 'SENDT_SDP', 'LEVERT_SDP', 'LEST', 'SENDT_PRINT', 'PRINTET', 'IKKE_LEVERT',
                'MANUELT_HANDTERT', 'SLETTET')),
  to_status   KEYTEXT NOT NULL CONSTRAINT event_to_known CHECK (to_status IN (
                '', 'MOTTATT', 'AKSEPTERT', 'AVVIST', 'FEILET_UNDER_MOTTAK', 'KLAR_FOR_MOTTAK', 'VARSLET',
                'SENDT_DIGITALT', 'SENDT_SDP', 'LEVERT_SDP', 'LEST', 'SENDT_PRINT', 'PRINTET', 'IKKE_LEVERT',
                'MANUELT_HANDTERT', 'SLETTET')),
  reason      TEXT    NOT NULL,
  key         KEYTEXT CONSTRAINT event_key_given CHECK (key <> '')
);
CREATE INDEX event_by_shipment ON event (shipment, seq);
-- A digital event reported twice is one.
CREATE UNIQUE INDEX event_key_once ON event (key) WHERE key IS NOT NULL;

CREATE TABLE print_job (
  id         KEYTEXT NOT NULL PRIMARY KEY, -- its form: 00003
  vendor     KEYTEXT NOT NULL CONSTRAINT print_job_vendor_given CHECK (vendor <> ''),
  parent     KEYTEXT REFERENCES print_job (id),
  state      KEYTEXT NOT NULL CONSTRAINT print_job_state_known CHECK (state IN (
               'PLANNED', 'COMPOSED', 'UPLOADED', 'COMMITTED', 'OFFERED', 'ACCEPTED', 'CLOSED', 'REJECTED',
               'WITHDRAWN', 'UNCERTAIN')),
  live       BOOLEAN NOT NULL CONSTRAINT print_job_live_as_state CHECK (live = (state NOT IN ('REJECTED', 'WITHDRAWN'))),
  class      TEXT    NOT NULL,
  created_at BIGINT  NOT NULL CONSTRAINT print_job_created_at_set CHECK (created_at <> 0),
  updated_at BIGINT  NOT NULL CONSTRAINT print_job_updated_at_set CHECK (updated_at <> 0),
  offered_at BIGINT  CONSTRAINT print_job_offered_at_set CHECK (offered_at <> 0),
  letters    BIGINT  NOT NULL CONSTRAINT print_job_has_letters CHECK (letters > 0),
  totals     TEXT    NOT NULL,
  ticket     KEYTEXT NOT NULL,
  ticket_sha KEYTEXT NOT NULL,
  failures   BIGINT  NOT NULL CONSTRAINT print_job_failures_counted CHECK (failures >= 0),
  last_error TEXT    NOT NULL,
  version    BIGINT  NOT NULL,
  CONSTRAINT print_job_live_key UNIQUE (id, live), -- what job_letter refers to
  CONSTRAINT print_job_parent_other CHECK (parent <> id),
  CONSTRAINT print_job_composed_has_ticket CHECK (
    state IN ('PLANNED', 'WITHDRAWN') OR (ticket <> '' AND length(ticket_sha) = 64))
);
CREATE INDEX print_job_by_state ON print_job (vendor, state);

CREATE TABLE job_letter (
  job            KEYTEXT NOT NULL,
  live           BOOLEAN NOT NULL, -- always the job's own: the foreign key keeps it so
  shipment       KEYTEXT NOT NULL REFERENCES shipment (id),
  letter         BIGINT  NOT NULL CONSTRAINT job_letter_counted CHECK (letter >= 1),
  konteringskode KEYTEXT NOT NULL,
  reason         KEYTEXT NOT NULL,
  file           KEYTEXT NOT NULL,
  first_side     BIGINT  NOT NULL,
  last_side      BIGINT  NOT NULL,
  sheets         BIGINT  NOT NULL CONSTRAINT job_letter_sheets_counted CHECK (sheets >= 0),
  pages          BIGINT  NOT NULL CONSTRAINT job_letter_pages_counted CHECK (pages >= 0),
  pages_bw       BIGINT  NOT NULL CONSTRAINT job_letter_pages_bw_counted CHECK (pages_bw >= 0),
  pages_colour   BIGINT  NOT NULL CONSTRAINT job_letter_pages_colour_counted CHECK (pages_colour >= 0),
  giro_sheets    BIGINT  NOT NULL CONSTRAINT job_letter_giro_counted CHECK (giro_sheets >= 0),
  envelope       KEYTEXT NOT NULL,
  weight_gram    BIGINT  NOT NULL CONSTRAINT job_letter_weight_counted CHECK (weight_gram >= 0),
  PRIMARY KEY (job, letter),
  CONSTRAINT job_letter_once UNIQUE (job, shipment),
  CONSTRAINT job_letter_sides_ordered CHECK (first_side <= last_side),
  CONSTRAINT job_letter_of_job FOREIGN KEY (job, live) REFERENCES print_job (id, live) ON UPDATE CASCADE
);
CREATE INDEX job_letter_by_shipment ON job_letter (shipment, job);
-- The rule that keeps a letter from being printed twice: it is in at most one job that holds its letters.
CREATE UNIQUE INDEX job_letter_in_one_live_job ON job_letter (shipment) WHERE live;

CREATE TABLE job_file (
  job        KEYTEXT NOT NULL REFERENCES print_job (id),
  place      BIGINT  NOT NULL,
  name       KEYTEXT NOT NULL CONSTRAINT job_file_named CHECK (name <> ''),
  file       TEXT    NOT NULL,
  blob_sha   KEYTEXT NOT NULL CONSTRAINT job_file_blob_form CHECK (length(blob_sha) = 64 AND blob_sha = lower(blob_sha)),
  blob_bytes BIGINT  NOT NULL CONSTRAINT job_file_blob_size CHECK (blob_bytes >= 0),
  PRIMARY KEY (job, place),
  CONSTRAINT job_file_name_once UNIQUE (job, name)
);

CREATE TABLE job_event (
  seq         INTEGER NOT NULL PRIMARY KEY,
  job         KEYTEXT NOT NULL REFERENCES print_job (id),
  happened_at BIGINT  NOT NULL CONSTRAINT job_event_happened_at_set CHECK (happened_at <> 0),
  from_state  KEYTEXT NOT NULL CONSTRAINT job_event_from_known CHECK (from_state IN (
                '', 'PLANNED', 'COMPOSED', 'UPLOADED', 'COMMITTED', 'OFFERED', 'ACCEPTED', 'CLOSED', 'REJECTED',
                'WITHDRAWN', 'UNCERTAIN')),
  to_state    KEYTEXT NOT NULL CONSTRAINT job_event_to_known CHECK (to_state IN (
                'PLANNED', 'COMPOSED', 'UPLOADED', 'COMMITTED', 'OFFERED', 'ACCEPTED', 'CLOSED', 'REJECTED',
                'WITHDRAWN', 'UNCERTAIN')),
  reason      TEXT    NOT NULL
);
CREATE INDEX job_event_by_job ON job_event (job, seq);

CREATE TABLE receipt_file (
  vendor     KEYTEXT NOT NULL CONSTRAINT receipt_file_vendor_given CHECK (vendor <> ''),
  sha256     KEYTEXT NOT NULL CONSTRAINT receipt_file_sha_form CHECK (length(sha256) = 64 AND sha256 = lower(sha256)),
  name       TEXT    NOT NULL,
  blob_sha   KEYTEXT NOT NULL CONSTRAINT receipt_file_blob_form CHECK (length(blob_sha) = 64 AND blob_sha = lower(blob_sha)),
  blob_bytes BIGINT  NOT NULL CONSTRAINT receipt_file_blob_size CHECK (blob_bytes >= 0),
  fetched_at BIGINT  NOT NULL CONSTRAINT receipt_file_fetched_at_set CHECK (fetched_at <> 0),
  row_count  BIGINT  NOT NULL CONSTRAINT receipt_file_rows_counted CHECK (row_count >= 0),
  problems   TEXT    NOT NULL,
  PRIMARY KEY (vendor, sha256)
);

CREATE TABLE receipt (
  id        KEYTEXT NOT NULL PRIMARY KEY CONSTRAINT receipt_id_form CHECK (length(id) = 36 AND id = lower(id)),
  vendor    KEYTEXT NOT NULL,
  file      KEYTEXT NOT NULL,
  state     KEYTEXT NOT NULL CONSTRAINT receipt_state_known CHECK (state IN ('APPLIED', 'DUPLICATE', 'CONFLICT', 'UNKNOWN')),
  -- The letter that it is for; NULL when the state says that there is no such letter.
  job       KEYTEXT,
  shipment  KEYTEXT,
  posted_at BIGINT  CONSTRAINT receipt_posted_at_set CHECK (posted_at <> 0),
  line      TEXT    NOT NULL,
  CONSTRAINT receipt_of_file FOREIGN KEY (vendor, file) REFERENCES receipt_file (vendor, sha256),
  CONSTRAINT receipt_of_letter FOREIGN KEY (job, shipment) REFERENCES job_letter (job, shipment),
  CONSTRAINT receipt_letter_known CHECK ((state = 'UNKNOWN') = (job IS NULL) AND (state = 'UNKNOWN') = (shipment IS NULL)),
  CONSTRAINT receipt_applied_is_posted CHECK (state <> 'APPLIED' OR posted_at IS NOT NULL)
);
CREATE INDEX receipt_by_file ON receipt (vendor, file);
CREATE INDEX receipt_by_posted ON receipt (posted_at) WHERE state = 'APPLIED';
-- The rule that keeps a letter from being charged twice.
CREATE UNIQUE INDEX receipt_applied_once ON receipt (job, shipment) WHERE state = 'APPLIED';

CREATE TABLE cost_line (
  receipt        KEYTEXT NOT NULL REFERENCES receipt (id),
  place          BIGINT  NOT NULL,
  kind           KEYTEXT NOT NULL CONSTRAINT cost_line_kind_given CHECK (kind <> ''),
  konteringskode KEYTEXT NOT NULL,
  net            BIGINT  NOT NULL,
  vat            BIGINT  NOT NULL,
  gross          BIGINT  NOT NULL,
  PRIMARY KEY (receipt, kind),
  CONSTRAINT cost_line_adds_up CHECK (gross = net + vat)
);

CREATE TABLE deviation (
  key      KEYTEXT NOT NULL PRIMARY KEY CONSTRAINT deviation_key_given CHECK (key <> ''),
  found_at BIGINT  NOT NULL CONSTRAINT deviation_found_at_set CHECK (found_at <> 0),
  vendor   KEYTEXT NOT NULL,
  file     KEYTEXT,
  finding  TEXT    NOT NULL,
  account  KEYTEXT NOT NULL,
  CONSTRAINT deviation_of_file FOREIGN KEY (vendor, file) REFERENCES receipt_file (vendor, sha256)
);
CREATE INDEX deviation_by_found ON deviation (found_at, key);

CREATE TABLE slot (
  schedule    KEYTEXT NOT NULL CONSTRAINT slot_schedule_given CHECK (schedule <> ''),
  planned_at  BIGINT  NOT NULL CONSTRAINT slot_planned_at_set CHECK (planned_at <> 0),
  state       KEYTEXT NOT NULL CONSTRAINT slot_state_known CHECK (state IN ('RUNNING', 'DONE', 'FAILED', 'SKIPPED')),
  started_at  BIGINT  NOT NULL CONSTRAINT slot_started_at_set CHECK (started_at <> 0),
  finished_at BIGINT  CONSTRAINT slot_finished_at_set CHECK (finished_at <> 0),
  summary     TEXT    NOT NULL,
  PRIMARY KEY (schedule, planned_at),
  CONSTRAINT slot_finished_unless_running CHECK ((state = 'RUNNING') = (finished_at IS NULL))
);

CREATE TABLE alarm (
  seq         INTEGER NOT NULL PRIMARY KEY,
  key         KEYTEXT NOT NULL CONSTRAINT alarm_key_given CHECK (key <> ''),
  message     TEXT    NOT NULL,
  raised_at   BIGINT  NOT NULL CONSTRAINT alarm_raised_at_set CHECK (raised_at <> 0),
  last_at     BIGINT  NOT NULL CONSTRAINT alarm_last_at_set CHECK (last_at <> 0),
  occurrences BIGINT  NOT NULL CONSTRAINT alarm_counted CHECK (occurrences >= 1),
  resolved_at BIGINT  CONSTRAINT alarm_resolved_at_set CHECK (resolved_at <> 0)
);
CREATE UNIQUE INDEX alarm_open_once ON alarm (key) WHERE resolved_at IS NULL;

-- +goose Down
DROP TABLE alarm;
DROP TABLE slot;
DROP TABLE deviation;
DROP TABLE cost_line;
DROP TABLE receipt;
DROP TABLE receipt_file;
DROP TABLE job_event;
DROP TABLE job_file;
DROP TABLE job_letter;
DROP TABLE print_job;
DROP TABLE event;
DROP TABLE document;
DROP TABLE shipment;
DROP TABLE counter;
DROP TABLE setting;
