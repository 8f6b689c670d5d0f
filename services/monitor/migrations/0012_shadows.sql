-- An incident of a rule on trial (`shadow: true`) is one that nobody is told of, for as long as it lives.
ALTER TABLE incidents ADD COLUMN shadow boolean NOT NULL DEFAULT false;
