-- What those who run Forewarn are told: a row is said once to each of them who wants to know. It names no customer.
CREATE TABLE notices (
    id         text        PRIMARY KEY,
    about      text        NOT NULL,                  -- incidents, approvals, brakes
    subject    text        NOT NULL,
    body       text        NOT NULL,
    at         timestamptz NOT NULL,                  -- since when it is so
    written_at timestamptz NOT NULL DEFAULT clock()
);
CREATE INDEX notices_written ON notices (written_at);
