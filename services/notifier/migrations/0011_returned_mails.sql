-- What came back of mails, the lists of what is not sent any more, and channels that pause because too much came back.

CREATE TABLE returned_mails (
    id              text        PRIMARY KEY,                 -- of the report: the same one counts once
    notification_id text        NOT NULL,
    channel         text        NOT NULL,
    kind            text        NOT NULL CHECK (kind IN ('address', 'refused', 'transient', 'complaint')),
    code            text        NOT NULL,                    -- of RFC 3463, or the kind of feedback (RFC 5965)
    received_at     timestamptz NOT NULL DEFAULT clock()
);
CREATE INDEX returned_mails_latest ON returned_mails (received_at);
CREATE INDEX returned_mails_complaints ON returned_mails (received_at, notification_id) WHERE kind = 'complaint';

-- The list of marked addresses, the latest first.
CREATE INDEX bad_addresses_latest ON bad_addresses (since, md5(customer_id || ' ' || address));

-- The sender's brake of each channel: what it found last, and since when it holds.
CREATE TABLE channel_brakes (
    channel      text        PRIMARY KEY,
    level        text        NOT NULL CHECK (level IN ('ok', 'warn', 'pause')),  -- ok ⇄ warn → pause; a person leads it back to ok
    cause        text        CHECK (cause IN ('bounces', 'complaints')),
    sent         bigint      NOT NULL DEFAULT 0,
    bounced      bigint      NOT NULL DEFAULT 0,
    complained   bigint      NOT NULL DEFAULT 0,
    judged_at    timestamptz NOT NULL DEFAULT clock(),
    paused_at    timestamptz,                                -- set: only what is critical or asked for is sent
    counted_from timestamptz NOT NULL DEFAULT '-infinity',   -- a person has let it go on: what was before counts no more
    resumed_by   text
);
