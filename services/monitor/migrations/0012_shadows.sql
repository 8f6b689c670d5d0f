-- An incident of a rule on trial (`shadow: true`) is one that nobody is told of, for as long as it lives.
ALTER TABLE incidents ADD COLUMN shadow boolean NOT NULL DEFAULT false;

-- The list of incidents may ask for trials alone: it need not walk through all others.
CREATE INDEX incidents_shadow ON incidents (opened_at DESC, id) WHERE shadow;
