-- name: engaged_notification
-- Reads a notification that a customer has, or may have.
SELECT *, clock() AS now FROM notifications WHERE id = $1 AND sent_at IS NOT NULL AND reason IS DISTINCT FROM 'erased'

-- name: note_engaged
-- Notes that something was seen of a notification. Says whether it is the first time.
INSERT INTO engagements (notification_id, what) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING true

-- name: answer
-- Notes the answer to the question of a notification. Says how often it was changed; nothing when it is the same, or was changed too often.
INSERT INTO engagements AS known (notification_id, what, answer) VALUES ($1, 'helped', $2)
ON CONFLICT (notification_id, what) DO UPDATE SET answer = excluded.answer, changes = known.changes + 1, at = clock()
WHERE known.answer <> excluded.answer AND known.changes < $3
RETURNING changes

-- name: answer_of
-- Reads the answer.
SELECT answer FROM engagements WHERE notification_id = $1 AND what = 'helped'

-- name: count_answer
-- Counts an answer into the record of the rule: that of the audience, or of the incident whose end it was.
UPDATE gates SET helped = helped + $2, not_helped = not_helped + $3 FROM notifications n
WHERE n.id = $1 AND gates.id = coalesce(n.gate, n.incident_id)

-- name: every_way
-- Reads by which ways a notification was brought, or tried to be.
SELECT channel, address, status FROM deliveries WHERE notification_id = $1

-- name: has_arrived
-- Says whether a provider has said that the notification arrived.
SELECT EXISTS (SELECT FROM engagements WHERE notification_id = $1 AND what = 'received')
