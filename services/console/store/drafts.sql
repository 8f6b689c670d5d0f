-- name: keep_draft
-- Keeps what a person has typed and not sent. A place that names a ticket needs one, so that nothing comes back of who was erased.
INSERT INTO drafts (person, place, customer_id, text)
SELECT $1, $2, (SELECT customer_id FROM tickets WHERE id = $3), $4
WHERE $3::text IS NULL OR EXISTS (SELECT FROM tickets WHERE id = $3)
ON CONFLICT (person, place) DO UPDATE SET text = excluded.text, customer_id = excluded.customer_id, at = clock()

-- name: drop_draft
-- Deletes what was sent, or emptied.
DELETE FROM drafts WHERE person = $1 AND place = $2

-- name: drafts_about
-- Lists what was typed about a customer and not sent.
SELECT place, text, at FROM drafts WHERE customer_id = $1 ORDER BY person, place

-- name: erase_drafts
-- Deletes what was typed about a customer and not sent.
DELETE FROM drafts WHERE customer_id = $1

-- name: answers_awaited
-- Lists the owners' answers about a customer's tickets that are shown until their facts are heard.
SELECT key, answer, said, at FROM awaited WHERE customer_id = $1 ORDER BY key, form_id

-- name: erase_awaited
-- Deletes the owners' answers about a customer's tickets.
DELETE FROM awaited WHERE customer_id = $1
