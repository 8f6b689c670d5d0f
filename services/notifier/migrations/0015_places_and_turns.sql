-- One person is told the same once, whichever of their customers' ids leads to their address, and only so many are told in a minute.

-- A row says by which notification something was told at one address. It names neither: the key is a digest of both.
CREATE TABLE places (
    place           bytea       PRIMARY KEY,                -- SHA-256 over incident, kind, channel and address
    notification_id text        NOT NULL,
    at              timestamptz NOT NULL DEFAULT clock()
);
CREATE INDEX places_of_notification ON places (notification_id);
CREATE INDEX places_by_age ON places (at);

-- How many have asked for a turn in the latest minute, by what is limited: an incident, all, or all critical ones.
CREATE TABLE turns (
    scope  text        PRIMARY KEY,
    minute timestamptz NOT NULL,
    asked  bigint      NOT NULL
) WITH (fillfactor = 50);  -- a row changes with each batch: on its page
CREATE INDEX turns_by_age ON turns (minute);
