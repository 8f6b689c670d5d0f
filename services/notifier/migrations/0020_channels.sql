-- How it stands with each channel: what became of what it was given, by minute; who stopped it and why; and where a mark on an address is from.

-- Counted once a minute by `returning/watching.py`, so that nobody scans the ledger to see it. What was counted stays counted.
CREATE TABLE outcomes (
    minute        timestamptz NOT NULL,
    channel       text        NOT NULL,             -- '': it was decided before a channel was
    outcome       text        NOT NULL CHECK (outcome IN
        ('counted', 'sent', 'unknown', 'delivered', 'failed', 'suppressed', 'bounced', 'complained')),  -- counted: up to here it was counted
    reason        text        NOT NULL DEFAULT '',  -- why failed or suppressed, or the kind of bounce
    notifications bigint      NOT NULL,
    PRIMARY KEY (minute, channel, outcome, reason)
);

ALTER TABLE channel_brakes DROP CONSTRAINT channel_brakes_cause_check;
ALTER TABLE channel_brakes
    ADD CONSTRAINT channel_brakes_cause_check CHECK (cause IN ('bounces', 'complaints', 'person')),
    ADD COLUMN paused_by text NOT NULL DEFAULT '',   -- the person, and their reason; empty: it was the brake
    ADD COLUMN paused_for text NOT NULL DEFAULT '';

ALTER TABLE bad_addresses
    ADD COLUMN said_by text NOT NULL DEFAULT 'answer' CHECK (said_by IN ('answer', 'bounce')),  -- when it was handed over, or later
    ADD COLUMN notification_id text;                 -- what came back; NULL: the provider said it at once
CREATE INDEX endpoints_disabled ON endpoints (id) WHERE disabled_at IS NOT NULL;
CREATE UNIQUE INDEX bad_addresses_by_id ON bad_addresses (md5(customer_id || ' ' || address));
