-- name: take_incidents
-- Takes over incidents; of one that is known, when it was opened.
INSERT INTO console_rebuild.incidents AS known (id, rule, component, severity, symptom, title, status, started_at, opened_at, failing_at,
    silent_since, ended_at, ended_by, note, reason, behind_seconds, revision, said_at, why)
SELECT id, rule, component, severity, symptom, title, status, started_at, opened_at, failing_at,
    silent_since, ended_at, ended_by, note, reason, behind_seconds, revision, said_at, why
FROM console.incidents WHERE opened_at < $1
ON CONFLICT (id) DO UPDATE SET opened_at = excluded.opened_at WHERE known.opened_at <> excluded.opened_at

-- name: take_impact
-- Takes over whom incidents touched.
INSERT INTO console_rebuild.impact AS known (incident_id, customer_id, certainty, first_seen_at, last_seen_at, count, found_at)
SELECT incident_id, customer_id, certainty, first_seen_at, last_seen_at, count, found_at FROM console.impact WHERE found_at < $1
ON CONFLICT (incident_id, customer_id) DO UPDATE SET
    certainty = CASE WHEN 'confirmed' IN (known.certainty, excluded.certainty) THEN 'confirmed' ELSE 'likely' END,
    first_seen_at = least(known.first_seen_at, excluded.first_seen_at), last_seen_at = greatest(known.last_seen_at, excluded.last_seen_at),
    count = greatest(known.count, excluded.count), found_at = least(known.found_at, excluded.found_at)

-- name: take_notifications
-- Takes over what customers were told.
INSERT INTO console_rebuild.notifications SELECT * FROM console.notifications WHERE at < $1 ON CONFLICT DO NOTHING

-- name: take_told
-- Takes over who was told, of those notifications.
INSERT INTO console_rebuild.impact AS known (incident_id, customer_id, told_at, untold_reason, notification_id)
SELECT m.incident_id, m.customer_id, m.told_at, m.untold_reason, m.notification_id
FROM console.impact m JOIN console_rebuild.notifications n ON n.id = m.notification_id WHERE n.at < $1
ON CONFLICT (incident_id, customer_id) DO UPDATE SET
    told_at = excluded.told_at, untold_reason = excluded.untold_reason, notification_id = excluded.notification_id
WHERE known.notification_id IS NULL OR excluded.told_at < coalesce(known.told_at, 'infinity')

-- name: take_tickets
-- Takes over tickets; of one that is known, what no later fact repeats.
INSERT INTO console_rebuild.tickets AS known SELECT * FROM console.tickets WHERE opened_at < $1
ON CONFLICT (id) DO UPDATE SET reopened = greatest(known.reopened, excluded.reopened),
    person_responded_at = least(known.person_responded_at, excluded.person_responded_at),
    last_word_at = coalesce(known.last_word_at, excluded.last_word_at), last_word_side = coalesce(known.last_word_side, excluded.last_word_side)

-- name: take_messages
-- Takes over what was said on tickets.
INSERT INTO console_rebuild.messages SELECT * FROM console.messages WHERE at < $1 ON CONFLICT DO NOTHING

-- name: take_suggestions
-- Takes over incidents that tickets may be about.
INSERT INTO console_rebuild.suggestions SELECT * FROM console.suggestions WHERE suggested_at < $1 ON CONFLICT DO NOTHING

-- name: take_risks
-- Takes over customers' risks.
INSERT INTO console_rebuild.risks SELECT * FROM console.risks WHERE raised_at < $1 ON CONFLICT DO NOTHING

-- name: take_candidates
-- Takes over candidates.
INSERT INTO console_rebuild.candidates SELECT * FROM console.candidates WHERE said_at < $1 ON CONFLICT DO NOTHING

-- name: take_lines_of_monitor
-- Takes over what happened to incidents.
INSERT INTO console_rebuild.timeline SELECT * FROM console.timeline WHERE at < $1 AND service = 'monitor' ON CONFLICT DO NOTHING

-- name: take_lines_of_ticketing
-- Takes over what happened to tickets.
INSERT INTO console_rebuild.timeline SELECT * FROM console.timeline WHERE at < $1 AND service = 'ticketing' ON CONFLICT DO NOTHING
