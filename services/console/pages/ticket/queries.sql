-- name: ticket
-- Reads one ticket with its customer, its incident, why it is linked, what may be meant instead, owners' answers that are ahead of it,
-- what this person has typed ($2), and who else has it open.
SELECT t.*, c.name AS customer_name, c.tier, c.account, c.locale, c.timezone, c.account_manager, coalesce(c.contacts, '[]') AS contacts,
    i.title AS incident_title, i.status AS incident_status,
    (SELECT l.detail FROM timeline l WHERE l.ticket_id = t.id AND l.what = 'ticket.linked' ORDER BY l.at DESC, l.id DESC LIMIT 1) AS linked,
    (SELECT jsonb_agg(to_jsonb(s) || jsonb_build_object('title', o.title, 'status', o.status) ORDER BY s.score DESC, s.incident_id)
        FROM suggestions s LEFT JOIN incidents o ON o.id = s.incident_id
        WHERE s.ticket_id = t.id AND s.incident_id IS DISTINCT FROM t.incident_id) AS suggested,
    (SELECT jsonb_agg(to_jsonb(a) ORDER BY a.at, a.form_id) FROM awaited a
        WHERE a.key = 'ticket:' || t.id AND a.at > clock() - interval '30 seconds') AS awaited,
    (SELECT d.text FROM drafts d WHERE d.person = $2 AND d.place = 'ticket:' || t.id || ':reply') AS draft,
    (SELECT array_agg(DISTINCT v.person) FROM viewing v
        WHERE v.ticket_id = t.id AND v.person <> $2 AND v.seen_at > clock() - interval '30 seconds') AS viewers
FROM tickets t LEFT JOIN customers c ON c.id = t.customer_id LEFT JOIN incidents i ON i.id = t.incident_id
WHERE t.number = $1

-- name: messages_of_ticket
-- Lists what was said on a ticket before a position, the latest first.
SELECT id, at, side, author, kind, left(subject, 500) AS subject, left(body, 20000) AS body, length(body) AS body_length, incident_id
FROM messages WHERE ticket_id = $1 AND ($2::timestamptz IS NULL OR (at, id) < ($2, $3))
ORDER BY at DESC, id DESC LIMIT $4

-- name: beside
-- Reads what is known beside a ticket ($2): the incidents that hit the customer ($1) now, what they were told, their other tickets,
-- and what happened on this one.
SELECT
    (SELECT jsonb_agg(to_jsonb(x)) FROM (
        SELECT i.id, i.title, i.started_at, i.opened_at, i.component, m.first_seen_at, m.last_seen_at, m.count, m.told_at, m.untold_reason
        FROM impact m JOIN incidents i ON i.id = m.incident_id
        WHERE m.customer_id = $1 AND i.status = 'open' AND m.first_seen_at IS NOT NULL
        ORDER BY i.opened_at DESC, i.id LIMIT 10) AS x) AS incidents,
    (SELECT jsonb_agg(to_jsonb(x)) FROM (
        SELECT n.id, n.kind, n.incident_id, n.status, n.reason, n.channel, n.at, left(n.subject, 500) AS subject, left(n.body, 4000) AS body,
            n.bounce, n.complained_at IS NOT NULL AS complained
        FROM notifications n WHERE n.customer_id = $1 ORDER BY n.at DESC, n.id DESC LIMIT 10) AS x) AS told,
    (SELECT jsonb_agg(to_jsonb(x)) FROM (
        SELECT t.number, t.subject, t.status, t.opened_at FROM tickets t
        WHERE t.customer_id = $1 AND t.id <> $2 ORDER BY t.opened_at DESC LIMIT 10) AS x) AS others,
    (SELECT jsonb_agg(to_jsonb(x) ORDER BY x.at, x.id) FROM (
        SELECT l.id, l.at, l.what, l.who, l.detail FROM timeline l WHERE l.ticket_id = $2 ORDER BY l.at DESC, l.id DESC LIMIT 50) AS x) AS history
