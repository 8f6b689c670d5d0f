-- name: show_entry
-- Shows what the directory says of a customer.
SELECT name, account, tier, locale, timezone, contacts, consent, account_manager, revenue, renews_at, updated_at FROM customers WHERE id = $1

-- name: erase_entry
-- Deletes a customer's entry of the directory.
DELETE FROM customers WHERE id = $1

-- name: show_messages
-- Lists what was said on a customer's tickets.
SELECT t.number, m.at, m.side, m.author, m.kind, m.subject, m.body, m.incident_id
FROM tickets t JOIN messages m ON m.ticket_id = t.id
WHERE t.customer_id = $1 ORDER BY t.number, m.at, m.id

-- name: erase_messages
-- Deletes what was said on a customer's tickets.
DELETE FROM messages WHERE ticket_id IN (SELECT id FROM tickets WHERE customer_id = $1)

-- name: show_suggestions
-- Lists the incidents that a customer's tickets may be about; reasons quote the customer.
SELECT t.number, s.incident_id, s.score, s.reasons, s.suggested_at
FROM tickets t JOIN suggestions s ON s.ticket_id = t.id
WHERE t.customer_id = $1 ORDER BY t.number, s.incident_id

-- name: erase_suggestions
-- Deletes the suggestions for a customer's tickets.
DELETE FROM suggestions WHERE ticket_id IN (SELECT id FROM tickets WHERE customer_id = $1)

-- name: show_lines
-- Lists what happened to a customer's tickets; words quote the customer.
SELECT t.number, l.at, l.what, l.incident_id, l.who, l.detail, l.words
FROM tickets t JOIN timeline l ON l.ticket_id = t.id
WHERE t.customer_id = $1 ORDER BY t.number, l.at, l.id

-- name: erase_lines
-- Deletes what happened to a customer's tickets from the time lines.
DELETE FROM timeline WHERE ticket_id IN (SELECT id FROM tickets WHERE customer_id = $1)

-- name: show_tickets
-- Lists a customer's tickets.
SELECT number, channel, subject, component, priority, status, assignee, incident_id, opened_at, changed_at, resolved_at, due_at, warned_at,
    breached_at, responded_at, responded_by, person_responded_at, reopened, last_word_at, last_word_side
FROM tickets WHERE customer_id = $1 ORDER BY number, id

-- name: erase_tickets
-- Deletes a customer's tickets.
DELETE FROM tickets WHERE customer_id = $1

-- name: show_notifications
-- Lists what a customer was told, or was not told and why.
SELECT kind, incident_id, ticket_id, status, reason, channel, at, message_id, subject, body, why, answer, unsubscribed_at,
    bounced_at, bounce, bounce_code, complained_at, received_at, opened_at, clicked_at, helped, helped_at
FROM notifications WHERE customer_id = $1 ORDER BY at, id

-- name: erase_notifications
-- Deletes what a customer was told.
DELETE FROM notifications WHERE customer_id = $1

-- name: show_impact
-- Lists the incidents that touched a customer.
SELECT incident_id, certainty, first_seen_at, last_seen_at, count, told_at, untold_reason, wrote_at
FROM impact WHERE customer_id = $1 ORDER BY incident_id

-- name: erase_impact
-- Deletes a customer's part in the impact of incidents.
DELETE FROM impact WHERE customer_id = $1

-- name: show_risks
-- Lists the risks that rules found of a customer.
SELECT rule, title, score, contributions, evidence, action, raised_at, cleared_at, reason, by, shadow, action_status,
    action_answer
FROM risks WHERE customer_id = $1 ORDER BY rule

-- name: erase_risks
-- Deletes the risks that rules found of a customer.
DELETE FROM risks WHERE customer_id = $1
