-- The alerts of hooks whose system says with the end of an alert neither since when it fired nor of what: known by their keys.
CREATE TABLE hook_alerts (
    hook      text        NOT NULL,
    key       text        NOT NULL, -- at most 64 characters: of longer ones a digest
    component text        NOT NULL, -- empty while the first message about it is worked on
    name      text        NOT NULL,
    starts_at timestamptz NOT NULL,
    ended_at  timestamptz,
    told_at   timestamptz NOT NULL,
    PRIMARY KEY (hook, key)
);
CREATE INDEX hook_alerts_told_at ON hook_alerts (told_at);
