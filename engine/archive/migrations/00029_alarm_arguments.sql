-- +goose Up
-- What an alarm says, as a JSON object of texts by name; the words are the program's. An alarm of before has its words in message
-- alone; one of since has an empty message.
ALTER TABLE alarm ADD COLUMN arguments TEXT;

-- +goose Down
-- What the program before this one shows of such an alarm is its arguments.
UPDATE alarm SET message = arguments WHERE arguments IS NOT NULL;
ALTER TABLE alarm DROP COLUMN arguments;
