-- Due work that no retry will mend: out of the way, and kept until somebody has it tried again.

ALTER TABLE due ADD COLUMN raised int NOT NULL DEFAULT 0;  -- tries since it was scheduled that raised what waiting does not mend

CREATE TABLE due_aside (
    kind     text        NOT NULL,
    ref      text        NOT NULL,
    due_at   timestamptz NOT NULL,           -- when it was promised
    reason   text        NOT NULL,           -- the exception's class and where it was raised; never its words, which may hold rows
    aside_at timestamptz NOT NULL DEFAULT clock(),
    PRIMARY KEY (kind, ref)
);
