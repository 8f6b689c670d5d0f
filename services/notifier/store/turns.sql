-- name: ask_turns
-- Counts who asks for a turn in this minute, by what is limited; returns how many had asked before. Replicas come one after the other.
INSERT INTO turns AS known (scope, minute, asked)
SELECT scope, date_trunc('minute', clock()), asks FROM unnest($1::text[], $2::bigint[]) AS new (scope, asks) ORDER BY scope
ON CONFLICT (scope) DO UPDATE SET
    minute = greatest(known.minute, excluded.minute),
    asked = CASE WHEN known.minute >= excluded.minute THEN known.asked ELSE 0 END + excluded.asked
RETURNING scope, minute, asked
