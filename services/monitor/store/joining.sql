-- name: join_incident
-- Notes that a rule finds the trouble of an incident, or finds it again.
INSERT INTO members (incident_id, rule, fingerprint, started_at, said) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (incident_id, rule) DO UPDATE SET failing = true, said = excluded.said

-- name: begin_group
-- Notes the rule that opened an incident as the first of those that find its trouble, unless that is known.
INSERT INTO members (incident_id, rule, fingerprint, started_at, said) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING

-- name: calm_member
-- Notes that a rule finds an incident's trouble no more.
UPDATE members SET failing = false WHERE incident_id = $1 AND rule = $2

-- name: members_of
-- Reads the rules that find these incidents' trouble: at first the one that opened it, which has no fingerprint here.
SELECT incident_id, rule, failing, said FROM members WHERE incident_id = ANY ($1::text[])
ORDER BY incident_id, fingerprint <> '', started_at, rule

-- name: worsen_incident
-- Stores that an incident is worse than it was. No row comes back when it is not open, or a person has said how bad it is.
UPDATE incidents SET severity = $2 WHERE id = $1 AND status = 'open' AND severity_by IS NULL RETURNING id

-- name: joined_series
-- Reads what else must be looked for whom an incident touches: the failures that each rule found which joined it, or joined one that was merged
-- into it, and those of components that hang on its own and opened no incident.
SELECT m.incident_id, m.rule, i.component, m.started_at, coalesce(i.ended_at, i.resolved_at) AS ended_at, i.opened_at, i.shadow
FROM members m JOIN incidents i ON i.id = m.incident_id
WHERE m.rule <> i.rule AND (i.status = 'open' OR (i.status = 'resolved' AND i.opened_at > clock() - $1::interval))
UNION ALL
SELECT i.merged_into, m.rule, i.component, m.started_at, NULL, i.opened_at, i.shadow
FROM incidents o JOIN incidents i ON i.merged_into = o.id JOIN members m ON m.incident_id = i.id
WHERE o.status = 'open' AND i.merged_into IS NOT NULL AND m.rule <> i.rule
UNION ALL
SELECT m.by_id, m.rule, m.component, m.started_at, coalesce(i.ended_at, i.resolved_at), i.opened_at, i.shadow
FROM muted m JOIN incidents i ON i.id = m.by_id
WHERE m.by = 'parent' AND NOT m.shadow AND (i.status = 'open' OR (i.status = 'resolved' AND i.opened_at > clock() - $1::interval))
ORDER BY incident_id, rule, component

-- name: members_of_open
-- Reads the rules that find open incidents' trouble, as they were when they joined.
SELECT m.incident_id, m.rule, m.fingerprint FROM members m JOIN incidents i ON i.id = m.incident_id
WHERE i.status = 'open' AND m.failing ORDER BY m.incident_id, m.rule
