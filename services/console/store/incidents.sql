-- name: incidents_known
-- Reads incidents, without what is counted of them.
SELECT id, rule, component, severity, symptom, title, status, started_at, opened_at, revision, said_at, failing_at, silent_since,
    ended_at, ended_by, note, reason, behind_seconds, why, acknowledged_at, acknowledged_by, public, merged_into, split_from
FROM incidents WHERE id = ANY ($1::text[])

-- name: save_incidents
-- Writes incidents as they are now; what is counted of them stays.
INSERT INTO incidents (id, rule, component, severity, symptom, title, status, started_at, opened_at, revision, said_at, failing_at,
    silent_since, ended_at, ended_by, note, reason, behind_seconds, why, acknowledged_at, acknowledged_by, public, merged_into, split_from)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[],
    $9::timestamptz[], $10::int[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[], $14::timestamptz[], $15::text[],
    $16::text[], $17::text[], $18::float8[], $19::jsonb[], $20::timestamptz[], $21::text[], $22::jsonb[], $23::text[], $24::text[])
ON CONFLICT (id) DO UPDATE SET rule = excluded.rule, component = excluded.component, severity = excluded.severity,
    symptom = excluded.symptom, title = excluded.title, status = excluded.status, started_at = excluded.started_at,
    opened_at = excluded.opened_at, revision = excluded.revision, said_at = excluded.said_at, failing_at = excluded.failing_at,
    silent_since = excluded.silent_since, ended_at = excluded.ended_at, ended_by = excluded.ended_by, note = excluded.note,
    reason = excluded.reason, behind_seconds = excluded.behind_seconds, why = excluded.why,
    acknowledged_at = excluded.acknowledged_at, acknowledged_by = excluded.acknowledged_by, public = excluded.public,
    merged_into = excluded.merged_into, split_from = excluded.split_from
