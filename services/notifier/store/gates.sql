-- name: count
-- Counts customers who entered the audiences of gates. The rows stay locked until this transaction ends; says in which round they are.
INSERT INTO gates AS known (id, rule, advice, audience, total, version)
SELECT entered.id, coalesce(entered.rule, i.rule, ''), entered.rule IS NOT NULL AND NOT EXISTS (SELECT FROM maintenance m WHERE m.id = entered.id),
    customers, customers, 1
FROM unnest($1::text[], $2::text[], $3::int[]) AS entered (id, rule, customers) LEFT JOIN incidents i ON i.id = entered.id
ORDER BY entered.id
ON CONFLICT (id) DO UPDATE SET
    audience = known.audience + excluded.audience, total = known.total + excluded.total, version = known.version + 1,
    rule = CASE WHEN known.rule = '' THEN excluded.rule ELSE known.rule END
RETURNING id, round

-- name: into_round
-- Moves notifications to the round that their gate has come to meanwhile.
UPDATE notifications SET round = new.round FROM unnest($1::text[], $2::int[]) AS new (id, round)
WHERE notifications.id = new.id AND notifications.round <> new.round

-- name: changed
-- Notes that the audiences of gates have changed: what a person has seen of them is no longer so. A first consent of two is void.
WITH void AS (UPDATE approvals SET first_by = NULL, first_saw = NULL FROM gates g
    WHERE g.id = ANY ($1::text[]) AND gate = g.id AND approvals.round = g.round AND approvals.status = 'waiting')
UPDATE gates SET version = version + 1 WHERE id = ANY ($1::text[])

-- name: locked
-- Reads gates, locked: until this transaction ends nobody approves, and nobody enters.
SELECT * FROM gates WHERE id = ANY ($1::text[]) ORDER BY id FOR SHARE

-- name: gate_to_change
-- Reads a gate and locks it to change it.
SELECT * FROM gates WHERE id = $1 FOR UPDATE

-- name: standings
-- Reads how the approvals of these gates' rounds stand.
SELECT a.id, a.gate, a.round, a.expires_at, a.words, CASE WHEN a.status = 'waiting' AND a.expires_at <= clock() THEN 'expired' ELSE a.status END AS status
FROM unnest($1::text[], $2::int[]) AS asked (gate, round) JOIN approvals a ON a.gate = asked.gate AND a.round = asked.round

-- name: ask
-- Asks for an approval, unless that was done.
INSERT INTO approvals (id, gate, round, expires_at) SELECT id, gate, round, clock() + $4::interval
FROM unnest($1::text[], $2::text[], $3::int[]) AS new (id, gate, round) ORDER BY id
ON CONFLICT DO NOTHING
RETURNING id, gate

-- name: void
-- Has a person decide anew, since the words are no longer those that were approved.
UPDATE approvals SET status = 'waiting', first_by = NULL, first_saw = NULL, decided_by = NULL, decided_at = NULL, words = NULL,
    expires_at = clock() + $2::interval
WHERE id = $1 AND status = 'approved'
RETURNING gate

-- name: waiting_at_gate
-- Reads what waits at a gate, from a place on, and whether it is for that of which the figures of its decision have this.
SELECT id, coalesce(why ? $4, false) AS held FROM notifications
WHERE gate = $1 AND status = 'waiting' AND id > $2 ORDER BY gate, status, id LIMIT $3

-- name: waiting_anywhere
-- Reads everything that waits, from a place on, and whether it is for a switch.
SELECT id, created_at, coalesce(why ? 'switch', false) AS held FROM notifications
WHERE status = 'waiting' AND (created_at, id) > ($1::timestamptz, $2::text) ORDER BY status, created_at, id LIMIT $3

-- name: ended
-- Notes at the end of an incident how many of its customers were told, and wrote in all the same; the first piece begins anew.
UPDATE gates SET told = CASE WHEN $4 THEN 0 ELSE told END + $2, wrote_in = CASE WHEN $4 THEN 0 ELSE wrote_in END + $3
WHERE id = $1

-- name: was_false
-- Notes that an incident was a false alarm, once.
UPDATE gates SET dismissed = true WHERE id = $1 AND NOT dismissed RETURNING id

-- name: wrote_in
-- Counts those who wrote in about an incident after they had been told of it by these.
SELECT count(DISTINCT n.customer_id) FROM notifications n
JOIN ticket_links l ON l.incident_id = n.incident_id AND l.customer_id = n.customer_id
WHERE n.incident_id = $1 AND n.id = ANY ($2::text[]) AND l.linked_at > n.sent_at AND NOT l.unlinked

-- name: unwelcome
-- Notes that a message caused a customer to opt out, or to complain: it counts for each audience of which the message told.
WITH theirs AS MATERIALIZED (SELECT id FROM gates WHERE id IN (
    SELECT told.gate FROM notifications n JOIN notifications told ON coalesce(n.told_with, n.id) IN (told.id, told.told_with)
    WHERE n.id = $1) ORDER BY id FOR UPDATE)
UPDATE gates SET opt_outs = opt_outs + $2, complaints = complaints + $3 FROM theirs WHERE gates.id = theirs.id

-- name: forgive
-- Notes that a person has released the brake: the audiences of the rule's latest gates are as they should be.
UPDATE gates SET forgiven = total FROM (
    SELECT id FROM gates WHERE rule = $1 AND opened_at > clock() - interval '2 days' ORDER BY opened_at DESC LIMIT 1000) AS latest
WHERE gates.id = latest.id

-- name: normal
-- Reads a rule's normal audience: the median of its latest gates but those of the last hour, and of how many; and its customers of the last hour.
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY total) AS normal, count(*) AS gates,
    (SELECT coalesce(sum(greatest(total - forgiven, 0)), 0) FROM gates WHERE rule = $1 AND opened_at > clock() - interval '1 hour') AS lately
FROM (SELECT total FROM gates WHERE rule = $1 AND opened_at <= clock() - interval '1 hour' ORDER BY opened_at DESC LIMIT 20) AS latest

-- name: rounds_of
-- Reads at which gates notifications are, and in which rounds.
SELECT id, gate, round FROM notifications WHERE id = ANY ($1::text[]) AND gate IS NOT NULL

-- name: waiting_gates_of
-- Reads the gates of a rule that wait for an approval.
SELECT gate FROM approvals JOIN gates ON gates.id = approvals.gate WHERE approvals.status = 'waiting' AND gates.rule = $1 LIMIT 1000
