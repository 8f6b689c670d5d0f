-- What brought a customer to an incident into which others were merged, or which several rules find: so that it can be split off again.
ALTER TABLE impact ADD COLUMN found_by text; -- the merged incident, or incident/rule/component; NULL: its own rule, or it is not known
