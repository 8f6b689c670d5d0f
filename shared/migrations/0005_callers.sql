-- An Idempotency-Key belongs to its caller: another one's answer is never replayed. '' stands for what versions before this one kept.
ALTER TABLE idempotency ADD COLUMN caller text NOT NULL DEFAULT '';
ALTER TABLE idempotency DROP CONSTRAINT idempotency_pkey, ADD PRIMARY KEY (key, route, caller);
