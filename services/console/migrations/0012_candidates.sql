-- What monitor says of complaints that rise: candidates, which wait for a person, and what became of them.
CREATE TABLE candidates (
    id          text        PRIMARY KEY, -- of the incident, too, that it becomes when a person approves it
    rule        text        NOT NULL,
    component   text        NOT NULL,
    title       text        NOT NULL,
    status      text        NOT NULL,    -- candidate, open, merged, withdrawn, dismissed, or a word of a later version
    customers   integer     NOT NULL,    -- who complained within the window
    found_at    timestamptz NOT NULL,
    said_at     timestamptz NOT NULL,    -- since when it stands so
    by          text,                    -- the person who approved or dismissed it
    note        text        NOT NULL,
    merged_into text,
    revision    bigint      NOT NULL
);
CREATE INDEX candidates_waiting ON candidates (found_at) WHERE status = 'candidate';
CREATE INDEX candidates_over ON candidates (said_at) WHERE status <> 'candidate';
