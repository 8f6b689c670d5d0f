-- Which version of its rule judged an incident last, lists by reason and by kind, and who takes part in experiments.

ALTER TABLE incidents ADD COLUMN rule_version text;  -- NULL: no fact about it has said

-- The list of notifications may ask for those with a reason, and for kinds of which there are few.
CREATE INDEX notifications_of_reason ON notifications (reason, created_at, id) WHERE reason IS NOT NULL;
CREATE INDEX notifications_of_kind ON notifications (kind, created_at, id) WHERE kind <> 'opened' AND kind <> 'resolved';

-- A customer enters an experiment when they would be told something that it concerns, and keeps the arm that they were given then.
CREATE TABLE experiment_arms (
    customer_id text        NOT NULL,
    experiment  text        NOT NULL,
    arm         text        NOT NULL CHECK (arm IN ('told', 'held_out')),
    entered_at  timestamptz NOT NULL DEFAULT clock(),
    wrote_in_at timestamptz,                           -- when they opened their first ticket since
    PRIMARY KEY (customer_id, experiment)
);
CREATE INDEX experiment_arms_of ON experiment_arms (experiment);
CREATE INDEX experiment_arms_by_age ON experiment_arms (entered_at);
