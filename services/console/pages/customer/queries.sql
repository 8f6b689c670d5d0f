-- name: customer
-- Reads who the customer is, their risks, whether anything is known of them, when they were erased ($2 is the digest of the id), and
-- whether their erasure is under way.
SELECT c.id, coalesce(c.name, '') AS name, c.account, c.tier, c.locale, c.timezone, coalesce(c.contacts, '[]') AS contacts,
    coalesce(c.consent, '{}') AS consent, c.account_manager, c.revenue, c.renews_at,
    (SELECT jsonb_agg(to_jsonb(r) ORDER BY r.raised_at DESC, r.rule) FROM risks r WHERE r.customer_id = $1) AS risks,
    c.id IS NOT NULL OR EXISTS (SELECT FROM impact WHERE customer_id = $1) OR EXISTS (SELECT FROM tickets WHERE customer_id = $1)
        OR EXISTS (SELECT FROM notifications WHERE customer_id = $1) OR EXISTS (SELECT FROM risks WHERE customer_id = $1) AS is_known,
    (SELECT erased_at FROM erasures WHERE customer = $2) AS erased_at,
    EXISTS (SELECT FROM awaited WHERE key = 'erasing:' || encode($2, 'hex') AND at > clock() - interval '30 seconds') AS is_going
FROM (SELECT) AS one LEFT JOIN customers c ON c.id = $1

-- name: happened_to_customer
-- Lists what happened to a customer before a place, the latest first: incidents that touch them, what they were told, their tickets, and
-- the risks that were seen and are over.
(SELECT m.first_seen_at AS at, 'incident' AS kind, i.id, i.title AS words, '' AS body, i.status, m.untold_reason AS reason,
    m.incident_id, NULL::bigint AS number, '' AS bounce, false AS complained, NULL::jsonb AS used
FROM impact m JOIN incidents i ON i.id = m.incident_id
WHERE m.customer_id = $1 AND m.first_seen_at IS NOT NULL AND ($2::timestamptz IS NULL OR (m.first_seen_at, m.incident_id) < ($2, $3))
ORDER BY m.first_seen_at DESC, m.incident_id DESC LIMIT $4)
UNION ALL
(SELECT n.at, 'notification', n.id, left(n.subject, 500), left(n.body, 4000), n.status, n.reason, n.incident_id, NULL, n.bounce,
    n.complained_at IS NOT NULL,
    jsonb_build_object('received_at', n.received_at, 'opened_at', n.opened_at, 'clicked_at', n.clicked_at, 'helped', n.helped)
FROM notifications n WHERE n.customer_id = $1 AND ($2::timestamptz IS NULL OR (n.at, n.id) < ($2, $3))
ORDER BY n.at DESC, n.id DESC LIMIT $4)
UNION ALL
(SELECT t.opened_at, 'ticket', t.id, t.subject, '', t.status, NULL, t.incident_id, t.number, '', false, NULL
FROM tickets t WHERE t.customer_id = $1 AND ($2::timestamptz IS NULL OR (t.opened_at, t.id) < ($2, $3))
ORDER BY t.opened_at DESC, t.id DESC LIMIT $4)
UNION ALL
(SELECT s.at, 'risk', r.rule, r.rule, array_to_string(CASE WHEN s.status = 'raised' THEN r.evidence END, '; '), s.status,
    CASE WHEN s.status = 'cleared' THEN r.reason END, NULL, NULL, '', false, NULL
FROM risks r, LATERAL (VALUES ('raised', r.raised_at), ('cleared', r.cleared_at)) AS s (status, at)
WHERE r.customer_id = $1 AND s.at IS NOT NULL AND ($2::timestamptz IS NULL OR (s.at, r.rule) < ($2, $3))
ORDER BY s.at DESC, r.rule DESC LIMIT $4)
ORDER BY 1 DESC, 3 DESC LIMIT $4

-- name: going
-- Remembers for half a minute that a customer's erasure was asked for.
INSERT INTO awaited (key, form_id, answer, by, said) VALUES ('erasing:' || encode($1, 'hex'), $2, '{}', $3, '') ON CONFLICT DO NOTHING
