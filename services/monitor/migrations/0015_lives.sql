-- What people do with an incident, and its whole story.
-- An acknowledged incident keeps the status 'open', so that a version that knows no acknowledgement still judges, silences and ends it;
-- one that is merged is withdrawn without an end, until the other ends.
ALTER TABLE incidents
    ADD COLUMN acknowledged_at timestamptz,
    ADD COLUMN acknowledged_by text,  -- the person who has it
    ADD COLUMN severity_by     text,  -- the person who set its severity; NULL: its rule says it
    ADD COLUMN public          jsonb, -- the latest update for customers: words, workaround, next_update_at, estimate, at, by
    ADD COLUMN merged_into     text;  -- the incident that this one is the same trouble as
CREATE INDEX incidents_merged ON incidents (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX incidents_merged_series ON incidents (rule, component) WHERE merged_into IS NOT NULL;

-- The story of an incident: every fact about it is a step, numbered by its revision. It goes with the incident.
CREATE TABLE incident_steps (
    incident_id text        NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    revision    int         NOT NULL,
    at          timestamptz NOT NULL,              -- on this database's clock
    kind        text        NOT NULL,              -- a StepKind
    person      text,                              -- who did it; NULL: monitor
    said        jsonb       NOT NULL DEFAULT '{}', -- a person's words, and what changed
    why         jsonb,                             -- the figures that decided it; NULL when a person did
    PRIMARY KEY (incident_id, revision)
);

-- Of incidents that are older than their story the beginning and the end are known.
INSERT INTO incident_steps (incident_id, revision, at, kind, said)
SELECT id, 0, opened_at, 'opened', '{}' FROM incidents;
INSERT INTO incident_steps (incident_id, revision, at, kind, person, said, why)
SELECT id, revision, coalesce(ended_at, resolved_at), status, ended_by, jsonb_build_object('note', note), why FROM incidents
WHERE status <> 'open' AND revision > 0 AND coalesce(ended_at, resolved_at) IS NOT NULL;

-- A person may say that an incident touches a customer, or that it does not. `steps` are the revisions of the steps that did.
ALTER TABLE impact
    ADD COLUMN said_by      text,
    ADD COLUMN reason       text  NOT NULL DEFAULT '',
    ADD COLUMN taken_out_at timestamptz,           -- the incident touches them no more, whatever events say
    ADD COLUMN steps        int[] NOT NULL DEFAULT '{}';
