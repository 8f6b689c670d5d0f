-- name: quiet_periods
-- Reads the periods of maintenance that are not over at a moment of event time, and have begun.
SELECT maintenance_id, starts_at, ends_at, components FROM maintenance_periods WHERE ends_at > $1 AND starts_at <= clock()
ORDER BY starts_at, maintenance_id

-- name: incidents_near
-- Reads the incidents of these components that are open, or ended after a moment of event time, as events found them.
SELECT id, rule, component, started_at, coalesce(ended_at, resolved_at) AS ended_at, shadow, merged_into IS NOT NULL AS merged
FROM incidents WHERE component = ANY ($1::text[]) AND coalesce(ended_at, resolved_at, 'infinity'::timestamptz) > $2 AND split_from IS NULL

-- name: note_muted
-- Notes trouble that opened no incident; says of each whether it is new.
INSERT INTO muted AS known (by, by_id, rule, component, severity, title, started_at, first_at, last_at, why, shadow)
SELECT by, by_id, rule, component, severity, title, started_at, at, at, why, shadow
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[], $9::jsonb[],
        $10::boolean[])
    AS seen (by, by_id, rule, component, severity, title, started_at, at, why, shadow)
ON CONFLICT (by_id, rule, component) DO UPDATE SET why = excluded.why, shadow = excluded.shadow,
    last_at = greatest(known.last_at, excluded.last_at)
RETURNING by, (xmax = 0) AS is_new

-- name: muted_by
-- Lists the trouble that one maintenance, or one incident, muted, the latest first; long texts are cut.
SELECT rule, left(component, 255) AS component, severity, left(title, 1000) AS title, started_at, first_at, last_at, why FROM muted
WHERE by_id = $1 ORDER BY last_at DESC, rule, component LIMIT $2
