-- What people allow: switches that stop what we would say, steps of autonomy of each rule, and approvals of large audiences.

-- A row is a switch that is thrown. It stops nothing that is not in its scope, and nothing is lost by it.
CREATE TABLE switches (
    scope  text        NOT NULL CHECK (scope IN ('all', 'rule', 'channel')),
    name   text        NOT NULL DEFAULT '',    -- of the rule or the channel
    mode   text        NOT NULL CHECK (mode IN ('off', 'dry_run', 'brake')),
    reason text        NOT NULL,
    by     text        NOT NULL,               -- who threw it; `forewarn`: a brake
    why    jsonb       NOT NULL DEFAULT '{}',  -- the figures of a brake
    at     timestamptz NOT NULL DEFAULT clock(),
    PRIMARY KEY (scope, name, mode)
);

-- The step of autonomy that a rule has earned or lost. A rule without a row has the step of notifications.yml.
CREATE TABLE autonomy (
    rule   text        PRIMARY KEY,
    step   text        NOT NULL CHECK (step IN ('shadow', 'approve', 'auto_up_to', 'auto')),
    reason text        NOT NULL,
    by     text        NOT NULL,               -- who changed it; `forewarn`: a false alarm did
    at     timestamptz NOT NULL DEFAULT clock()
);

-- A gate is what is approved as one: an incident, or the advice of one rule on one day. What its approval does not cover is a new round.
CREATE TABLE gates (
    id         text        PRIMARY KEY,
    rule       text        NOT NULL,
    advice     boolean     NOT NULL DEFAULT false,
    round      int         NOT NULL DEFAULT 1,   -- the one that new customers enter; earlier ones are approved
    audience   int         NOT NULL DEFAULT 0,   -- customers of this round
    total      int         NOT NULL DEFAULT 0,   -- customers of all rounds
    approved   int,                              -- the total when it was approved last
    forgiven   int         NOT NULL DEFAULT 0,   -- the total when a person released a brake last
    version    int         NOT NULL DEFAULT 0,   -- rises whenever the audience or the words change
    subject    text,                             -- the words of a person for this gate; NULL: those of notifications.yml
    body       text,
    told       int         NOT NULL DEFAULT 0,   -- customers who were told, counted at the end of an incident
    wrote_in   int         NOT NULL DEFAULT 0,   -- of them, those who wrote in all the same
    opt_outs   int         NOT NULL DEFAULT 0,
    complaints int         NOT NULL DEFAULT 0,
    dismissed  boolean     NOT NULL DEFAULT false,  -- it was a false alarm
    opened_at  timestamptz NOT NULL DEFAULT clock()
);
CREATE INDEX gates_of_rule ON gates (rule, opened_at);
CREATE INDEX gates_by_age ON gates (opened_at);

CREATE TABLE approvals (
    id         text        PRIMARY KEY,
    gate       text        NOT NULL REFERENCES gates ON DELETE CASCADE,
    round      int         NOT NULL,
    status     text        NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'approved', 'rejected', 'expired')),
    asked_at   timestamptz NOT NULL DEFAULT clock(),
    expires_at timestamptz NOT NULL,
    first_by   text,                             -- the first of two people who must agree, and what they saw
    first_saw  text,
    decided_by text,
    decided_at timestamptz,
    reason     text        NOT NULL DEFAULT '',
    words      text,                             -- a digest of the words that were approved
    UNIQUE (gate, round)
);
CREATE INDEX approvals_latest ON approvals (asked_at, id);
CREATE INDEX approvals_waiting ON approvals (expires_at) WHERE status = 'waiting';

-- Who did what about consent, and why.
CREATE TABLE consent_log (
    id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT clock(),
    by      text        NOT NULL,
    act     text        NOT NULL,
    subject text        NOT NULL,               -- the switch, the rule or the approval
    reason  text        NOT NULL,
    figures jsonb       NOT NULL DEFAULT '{}'
);
CREATE INDEX consent_log_by_age ON consent_log (at);
CREATE INDEX consent_log_of_subject ON consent_log (subject, at);

ALTER TABLE notifications
    ADD COLUMN gate  text,                      -- NULL: no approval is needed for it
    ADD COLUMN round int NOT NULL DEFAULT 1;    -- the round of the gate; 0: approved by itself
CREATE INDEX notifications_of_gate ON notifications (gate, status, id) WHERE gate IS NOT NULL;

-- What people told to those who had been told something wrong of an incident.
CREATE TABLE corrections (
    id          text        PRIMARY KEY,        -- derived from the incident and the words: the same is told once
    incident_id text        NOT NULL,
    subject     text        NOT NULL,
    body        text        NOT NULL,
    by          text        NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock(),
    customers   int         NOT NULL DEFAULT 0,  -- so many are told
    done        boolean     NOT NULL DEFAULT false
);
CREATE INDEX corrections_by_age ON corrections (at);
CREATE INDEX corrections_of_incident ON corrections (incident_id, at);
