-- What another role of this database could take or send must not stop a service: no advisory lock, no channel whose name it can guess.

-- Which session relays each lane of the outbox. It leads for as long as it lives: pg_stat_activity says so.
CREATE TABLE relays (
    lane          smallint PRIMARY KEY,
    pid           int,
    backend_start timestamptz
);
INSERT INTO relays (lane) VALUES (0), (1);

-- What the names of this schema's channels begin with. Every role may NOTIFY any channel, and none may read this table but its owner.
CREATE TABLE channels (
    prefix text PRIMARY KEY
);
INSERT INTO channels (prefix) VALUES (replace(gen_random_uuid()::text, '-', ''));

-- A commit fails when it notifies and the server's queue of notifications is full, which any role can bring about. A wake-up is only
-- a hint, whoever waits for one looks by itself too: so none is given while the queue is half full.
CREATE OR REPLACE FUNCTION wake() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$ -- whoever writes the row, an administrator too
BEGIN
    IF pg_notification_queue_usage() < 0.5 THEN
        PERFORM pg_notify(prefix || '.' || TG_TABLE_NAME, '') FROM channels;
    END IF;
    RETURN NULL;
END $$;
