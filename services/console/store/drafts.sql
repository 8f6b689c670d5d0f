-- name: keep_draft
-- Keeps what a person has typed and not sent. A place that names a ticket needs one, so that nothing comes back of who was erased.
INSERT INTO drafts (person, place, customer_id, text)
SELECT $1, $2, (SELECT customer_id FROM tickets WHERE id = $3), $4
WHERE $3::text IS NULL OR EXISTS (SELECT FROM tickets WHERE id = $3)
ON CONFLICT (person, place) DO UPDATE SET text = excluded.text, customer_id = excluded.customer_id, at = clock()
    WHERE drafts.sent <> $5 OR $5 = ''

-- name: empty_draft
-- Forgets what was typed, and keeps which form was sent: a request of that form that is still under way brings nothing back.
INSERT INTO drafts (person, place, customer_id, text, sent)
SELECT $1, $2, (SELECT customer_id FROM tickets WHERE id = $3), '', $4
WHERE $3::text IS NULL OR EXISTS (SELECT FROM tickets WHERE id = $3)
ON CONFLICT (person, place) DO UPDATE SET text = '', sent = excluded.sent, at = clock()

-- name: drafts_about
-- Lists what was typed about a customer and not sent.
SELECT place, text, at FROM drafts WHERE customer_id = $1 AND text <> '' ORDER BY person, place

-- name: erase_drafts
-- Deletes what was typed about a customer and not sent.
DELETE FROM drafts WHERE customer_id = $1

-- name: answers_awaited
-- Lists the owners' answers about a customer's tickets that are shown until their facts are heard.
SELECT key, answer, said, at FROM awaited WHERE customer_id = $1 ORDER BY key, form_id

-- name: erase_awaited
-- Deletes the owners' answers about a customer's tickets.
DELETE FROM awaited WHERE customer_id = $1

-- name: rules_typed
-- Reads the draft of rules that a person typed last.
SELECT place, text FROM drafts WHERE person = $1 AND place ~ '^rules:[0-9]{1,9}:text$' AND text <> '' ORDER BY at DESC LIMIT 1
