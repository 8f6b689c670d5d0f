-- What people do in the console: forms that were pressed, owners' answers whose facts are not heard yet, and what was typed and not sent.

CREATE TABLE acts (
    form_id      text        PRIMARY KEY,              -- the one-time id of a form
    person       text        NOT NULL,
    act          text        NOT NULL,
    asked        bytea       NOT NULL,                 -- SHA-256 of what was asked for
    role         text        NOT NULL,                 -- of the person, as the audit log has it; so are the next two
    subject      text        NOT NULL,
    before       jsonb,
    under_way    boolean     NOT NULL DEFAULT true,    -- the audit log does not have yet how it ended
    begun_at     timestamptz NOT NULL DEFAULT clock(),
    leased_until timestamptz NOT NULL,                 -- until when whoever claimed it asks the owner, and nobody else
    done_at      timestamptz
);
CREATE INDEX acts_begun ON acts (begun_at);
CREATE INDEX acts_under_way ON acts (leased_until) WHERE under_way;
CREATE INDEX acts_subject ON acts (subject);

CREATE TABLE awaited (
    key         text        NOT NULL,                  -- ticket:<id>, incident:<id>
    form_id     text        NOT NULL,
    customer_id text,
    answer      jsonb       NOT NULL,                  -- the ticket or incident as its owner says it is now
    by          text        NOT NULL,                  -- the person who acted
    said        text        NOT NULL,                  -- the words of a reply
    at          timestamptz NOT NULL DEFAULT clock(),
    PRIMARY KEY (key, form_id)
);
CREATE INDEX awaited_at ON awaited (at);

CREATE TABLE drafts (
    person      text        NOT NULL,
    place       text        NOT NULL,                  -- the form it was typed into: ticket:<id>:reply
    customer_id text,                                  -- about whom it is
    text        text        NOT NULL,                  -- empty once it was sent
    sent        text        NOT NULL DEFAULT '',       -- the id of the form that was sent last: what comes late from it is not kept
    at          timestamptz NOT NULL DEFAULT clock(),
    PRIMARY KEY (person, place)
);
CREATE INDEX drafts_at ON drafts (at);
CREATE INDEX drafts_of_customer ON drafts (customer_id) WHERE customer_id IS NOT NULL;
