-- Who may see the pages, who is signed in, and who did what. Secrets are stored as SHA-256 digests, passwords as argon2id hashes.

CREATE TABLE people (
    name       text        PRIMARY KEY,                    -- as histories and the audit log record it
    role       text        NOT NULL,
    password   text,                                       -- NULL: this person does not sign in with one
    subject    text        UNIQUE,                         -- `<issuer> <sub>`: the provider through which this person signs in
    disabled   boolean     NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT clock(),
    created_by text        NOT NULL,
    seen_at    timestamptz                                 -- the latest use of a session, to the minute
);

CREATE TABLE sessions (
    digest         bytea       PRIMARY KEY,                -- of the id in the cookie
    person         text        NOT NULL REFERENCES people ON DELETE CASCADE,
    via            text        NOT NULL,                   -- password, link, provider, header
    created_at     timestamptz NOT NULL DEFAULT clock(),
    used_at        timestamptz NOT NULL DEFAULT clock(),   -- to the minute
    unmasked_until timestamptz                             -- a viewer sees personal data until then
);
CREATE INDEX sessions_person ON sessions (person);
CREATE INDEX sessions_created ON sessions (created_at);

-- Links that sign in once.
CREATE TABLE entry_links (
    digest     bytea       PRIMARY KEY,
    person     text        NOT NULL REFERENCES people ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT clock()
);
CREATE INDEX entry_links_person ON entry_links (person);
CREATE INDEX entry_links_created ON entry_links (created_at);

-- Ways to the identity provider that somebody has begun: what comes back must fit one of them.
CREATE TABLE provider_attempts (
    digest     bytea       PRIMARY KEY,                    -- of the id in the attempt's cookie
    state      text        NOT NULL,
    nonce      text        NOT NULL,
    verifier   text        NOT NULL,                       -- of PKCE
    next       text        NOT NULL,                       -- the page to show afterwards
    created_at timestamptz NOT NULL DEFAULT clock()
);
CREATE INDEX provider_attempts_created ON provider_attempts (created_at);

-- Passwords that were tried in vain, by a digest of the name that was typed, and of the address that it came from.
CREATE TABLE sign_in_failures (
    key         bytea       PRIMARY KEY,
    failures    int         NOT NULL DEFAULT 0,
    failed_at   timestamptz NOT NULL DEFAULT clock(),
    next_try_at timestamptz NOT NULL DEFAULT '2000-01-01Z'
);
CREATE INDEX sign_in_failures_failed ON sign_in_failures (failed_at);

-- Who did what. `before` and `after` hold states, ids and reasons, and never what customers wrote or what was written to them.
CREATE TABLE audit (
    id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT clock(),
    person  text        NOT NULL,
    role    text        NOT NULL,
    act     text        NOT NULL,
    subject text        NOT NULL,                          -- `ticket:<id>`, `incident:<id>`, `customer:<id>`, `person:<name>` …
    before  jsonb,
    after   jsonb,
    outcome text        NOT NULL,                          -- done, refused, failed
    form_id text
);
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_person ON audit (person, id DESC);
CREATE INDEX audit_act ON audit (act, id DESC);
CREATE INDEX audit_subject ON audit (subject, id DESC);
CREATE INDEX audit_form ON audit (form_id) WHERE form_id IS NOT NULL;
