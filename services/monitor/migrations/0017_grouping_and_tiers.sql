-- The rules that find the trouble of one incident, where there are several: it ends when all of them are calm.
CREATE TABLE members (
    incident_id text        NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    rule        text        NOT NULL,
    fingerprint text        NOT NULL,             -- of the rule when it joined; empty: it opened the incident
    started_at  timestamptz NOT NULL,             -- event time of the first bad event that it found
    failing     boolean     NOT NULL DEFAULT true,
    said        jsonb       NOT NULL,             -- its title and severity, since when, and its figures
    PRIMARY KEY (incident_id, rule)
);

-- The tier of each customer who has one, by the latest that `customers.v1` says: severity may rise with it.
CREATE TABLE tiers (
    customer_id text PRIMARY KEY,
    tier        text        NOT NULL,
    said_at     timestamptz NOT NULL -- the time of the fact that said it
);
CREATE INDEX tiers_of ON tiers (tier, customer_id);
