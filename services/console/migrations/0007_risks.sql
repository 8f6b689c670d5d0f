-- What monitor says of a risk beside its score, and the orders in which the page of risks lists them.
ALTER TABLE risks
    ADD COLUMN title   text NOT NULL DEFAULT '',
    ADD COLUMN action  jsonb,                     -- what the rule asks whoever acts to do
    ADD COLUMN risk_id text,                      -- by which monitor knows it; older versions did not say
    ADD COLUMN by      text;                      -- the person who cleared it
CREATE INDEX risks_by_score ON risks ((-score), rule, customer_id) WHERE cleared_at IS NULL;
CREATE INDEX risks_cleared ON risks (cleared_at DESC, customer_id, rule) WHERE cleared_at IS NOT NULL;
