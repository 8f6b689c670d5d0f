-- Who acts is kept apart from what they are called: a name is anybody's, and only the automatic acts of Forewarn count as such.

-- customer, agent or forewarn; null in rows of earlier versions, whose names say it.
ALTER TABLE history ADD COLUMN actor text CHECK (actor IN ('customer', 'agent', 'forewarn'));

-- Whether the answer that stopped the clock was automatic; null in rows of earlier versions, where `answered_by` says it.
ALTER TABLE clocks ADD COLUMN answered_automatically boolean;
