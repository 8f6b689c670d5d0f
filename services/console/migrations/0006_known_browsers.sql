-- Browsers in which somebody has signed in: passwords that others try in vain elsewhere do not make them wait.
CREATE TABLE known_browsers (
    digest  bytea       NOT NULL,                          -- of the id in the browser's cookie
    person  text        NOT NULL REFERENCES people ON DELETE CASCADE,
    used_at timestamptz NOT NULL DEFAULT clock(),          -- the latest time that they signed in there
    PRIMARY KEY (digest, person)
);
CREATE INDEX known_browsers_person ON known_browsers (person);
CREATE INDEX known_browsers_used ON known_browsers (used_at);
