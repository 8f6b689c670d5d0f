-- name: keep_awaited
-- Keeps an owner's answer until its fact is heard.
INSERT INTO awaited (key, form_id, customer_id, answer, by, said) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (key, form_id) DO UPDATE SET answer = excluded.answer, said = excluded.said, at = clock()

-- name: awaited
-- Reads the answers about one thing that are still waited for.
SELECT answer FROM awaited WHERE key = $1 AND at > clock() - interval '30 seconds' ORDER BY at, form_id
