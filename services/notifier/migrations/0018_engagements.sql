-- What is known of notifications after a provider took them: the first time of each, and the latest answer to the question.
CREATE TABLE engagements (
    notification_id text        NOT NULL REFERENCES notifications ON DELETE CASCADE,
    what            text        NOT NULL CHECK (what IN ('received', 'opened', 'clicked', 'helped')),
    answer          text        CHECK (answer IN ('yes', 'no')),  -- of `helped`
    changes         int         NOT NULL DEFAULT 0,               -- times that another answer was given since
    at              timestamptz NOT NULL DEFAULT clock(),
    PRIMARY KEY (notification_id, what)
);
CREATE INDEX engagements_by_age ON engagements (at);

ALTER TABLE gates
    ADD COLUMN helped     int NOT NULL DEFAULT 0,  -- customers who said that what they were told of it helped, or that it did not
    ADD COLUMN not_helped int NOT NULL DEFAULT 0;
