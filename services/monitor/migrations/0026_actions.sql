-- What is done about a risk, once: its rule's action, and what became of it.
ALTER TABLE risks
    ADD COLUMN shadow        boolean NOT NULL DEFAULT false, -- of a rule on trial: nothing is done
    ADD COLUMN action_status text CHECK (action_status IN ('waiting', 'asked', 'answered', 'failed', 'withheld')),
    ADD COLUMN action_tries  int     NOT NULL DEFAULT 0,     -- calls of the webhook that were begun
    ADD COLUMN action_answer text    NOT NULL DEFAULT '',    -- what the webhook answered, or why nothing is done
    ADD COLUMN acted_at      timestamptz;
