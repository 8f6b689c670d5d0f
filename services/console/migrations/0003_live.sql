-- What has changed, for pages that are open: one row a key a transaction. The row of `gate` is taken first, so ids are visible in their
-- order, and whoever has seen one has missed none before it. Rows are deleted after ten minutes; a page that was away longer is drawn whole.
CREATE TABLE changes (
    id  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text        NOT NULL,                                  -- live/changes.py says which there are
    at  timestamptz NOT NULL DEFAULT clock()
);
CREATE INDEX changes_at ON changes (at);
CREATE TRIGGER wake AFTER INSERT ON changes FOR EACH STATEMENT EXECUTE FUNCTION wake();

-- Who has a ticket open: a row an open page. What was not refreshed for 30 seconds is of a process that died, and does not count.
CREATE TABLE viewing (
    ticket_id text        NOT NULL,
    stream    uuid        NOT NULL,                            -- the event stream of that page
    person    text        NOT NULL,
    seen_at   timestamptz NOT NULL DEFAULT clock(),
    PRIMARY KEY (ticket_id, stream)
);
CREATE INDEX viewing_seen ON viewing (seen_at);
