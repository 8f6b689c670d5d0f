-- name: found
-- Lists what a text names exactly: an incident by its id, a ticket by its number or id, a customer by id or one of their addresses. Each part
-- reads one index.
(SELECT 'incident' AS kind, id, title AS words, 0::bigint AS number, status AS state FROM incidents WHERE id = $1)
UNION ALL
(SELECT 'ticket', id, subject, number, status FROM tickets WHERE number = $2 LIMIT 10)
UNION ALL
(SELECT 'ticket', id, subject, number, status FROM tickets WHERE id = $1)
UNION ALL
(SELECT 'customer', id, name, 0, '' FROM customers WHERE id = $1)
UNION ALL
(SELECT 'customer', id, name, 0, '' FROM customers WHERE $3 AND addresses @> ARRAY[lower($1)] AND id <> $1 LIMIT 20)

-- name: incidents_titled
-- Lists the latest incidents whose title or component holds the text, among the latest $2.
SELECT 'incident' AS kind, id, title AS words, 0::bigint AS number, status AS state
FROM (SELECT id, title, component, status, opened_at FROM incidents ORDER BY opened_at DESC, id DESC LIMIT $2) AS latest
WHERE strpos(lower(title), lower($1)) > 0 OR strpos(lower(component), lower($1)) > 0
ORDER BY opened_at DESC, id DESC LIMIT 20
