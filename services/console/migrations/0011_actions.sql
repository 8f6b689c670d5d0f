-- What became of a risk's action, and whether its rule is on trial, so that nothing is done.
ALTER TABLE risks
    ADD COLUMN shadow        boolean NOT NULL DEFAULT false,
    ADD COLUMN action_status text,                           -- asked, answered or failed; NULL: nothing was said of it yet
    ADD COLUMN action_answer text    NOT NULL DEFAULT '';    -- what a webhook answered
