-- name: keep_awaited
-- Keeps an owner's answer until its fact is heard.
INSERT INTO awaited (key, form_id, customer_id, answer, by, said) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (key, form_id) DO UPDATE SET answer = excluded.answer, said = excluded.said, at = clock()
