-- name: take_incidents
-- Stores what is known of each incident now: the fact with the highest revision says it. The row stays locked, so that no delivery settles
-- unseen meanwhile. Says what was taken. Older versions give no revision to an end: it is taken once, when there was none before.
INSERT INTO incidents AS known
    (id, rule, component, severity, title, started_at, symptom, revision, failing_at, behind_seconds, silent_since, status,
     resolved_at, tell, resolved_by, hops, rule_version, heard_at, public, news, news_at, news_by, news_of)
SELECT id, rule, component, severity, title, started_at, symptom, revision, least(failing_at, clock()), extract(epoch FROM behind), silent_since,
    status, ended_at, tell, ended_by, hops, rule_version, clock(), public, news, least(news_at, clock()), news_by,
    string_to_array(news_of, ' ')
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[], $8::int[], $9::timestamptz[],
            $10::interval[], $11::timestamptz[], $12::text[], $13::timestamptz[], $14::bool[], $15::text[], $16::int[], $17::text[],
            $18::jsonb[], $19::int[], $20::timestamptz[], $21::text[], $22::text[])
    AS new (id, rule, component, severity, title, started_at, symptom, revision, failing_at, behind, silent_since, status,
            ended_at, tell, ended_by, hops, rule_version, public, news, news_at, news_by, news_of)
ON CONFLICT (id) DO UPDATE SET
    rule = excluded.rule, component = excluded.component, severity = excluded.severity, title = excluded.title,
    started_at = excluded.started_at, symptom = excluded.symptom, revision = greatest(known.revision, excluded.revision),
    failing_at = coalesce(excluded.failing_at, known.failing_at), behind_seconds = excluded.behind_seconds,
    silent_since = excluded.silent_since, status = excluded.status, resolved_at = coalesce(excluded.resolved_at, known.resolved_at),
    tell = excluded.tell, resolved_by = excluded.resolved_by, hops = excluded.hops,
    rule_version = coalesce(excluded.rule_version, known.rule_version), heard_at = excluded.heard_at,
    public = excluded.public, news = excluded.news, news_at = excluded.news_at, news_by = excluded.news_by, news_of = excluded.news_of
WHERE known.revision < excluded.revision
    OR excluded.revision = 0 AND excluded.status <> 'open' AND known.status = 'open' AND known.resolved_at IS NULL
RETURNING id, revision

-- name: incidents_to_change
-- Reads incidents and locks them to change them.
SELECT id AS incident_id, true AS incident_known, rule, title, component, severity, started_at, symptom, revision,
    status AS incident_status, resolved_at, tell, resolved_by, hops, failing_at, silent_since, behind_seconds, rule_version,
    public, news, news_at, news_by, news_of
FROM incidents WHERE id = ANY ($1::text[])
ORDER BY id FOR NO KEY UPDATE

-- name: revisions_of
-- Reads how incidents stand, and locks them.
SELECT id, revision, status <> 'open' AS over FROM incidents WHERE id = ANY ($1::text[]) ORDER BY id FOR SHARE

-- name: incidents
-- Reads incidents as they stand.
SELECT id AS incident_id, true AS incident_known, rule, title, component, severity, started_at, symptom, revision,
    status AS incident_status, resolved_at, tell, resolved_by, hops, failing_at, silent_since, behind_seconds, rule_version,
    public, news, news_at, news_by, news_of
FROM incidents WHERE id = ANY ($1::text[])

-- name: lock_incident
-- Reads an incident and locks it; until this transaction ends no fact about it is taken.
SELECT id AS incident_id, true AS incident_known, rule, title, component, severity, started_at, symptom, revision,
    status AS incident_status, resolved_at, tell, resolved_by, hops, failing_at, silent_since, behind_seconds, rule_version,
    public, news, news_at, news_by, news_of
FROM incidents WHERE id = $1
FOR SHARE

-- name: lock_incidents
-- Reads incidents and locks them in the same way.
SELECT id AS incident_id, true AS incident_known, rule, title, component, severity, started_at, symptom, revision,
    status AS incident_status, resolved_at, tell, resolved_by, hops, failing_at, silent_since, behind_seconds, rule_version,
    public, news, news_at, news_by, news_of
FROM incidents WHERE id = ANY ($1)
ORDER BY id FOR SHARE
