-- Customers who were erased before are remembered as every service does it now (shared 0007), and nothing else of them is kept.
INSERT INTO erasures (customer, erased_at, fact, rows)
SELECT sha256(convert_to(id, 'UTF8')), erased_at, sha256(''), '{}' FROM customers WHERE erased_at IS NOT NULL
ON CONFLICT DO NOTHING;

UPDATE notifications n SET
    customer_id = 'erased ' || encode(sha256(convert_to(n.customer_id, 'UTF8')), 'hex'), reason = 'erased',
    status = CASE WHEN status = 'waiting' THEN 'suppressed' ELSE status END, settled_at = coalesce(settled_at, clock()),
    ticket_id = NULL, ticket_number = NULL, subject = left(subject, 0), body = left(body, 0), first_seen_at = NULL, evidence = NULL, why = NULL,
    attempts = '[]', awaits_incident = false
FROM customers c
WHERE c.id = n.customer_id AND c.erased_at IS NOT NULL;

DELETE FROM customers WHERE erased_at IS NOT NULL;
COMMENT ON COLUMN customers.erased_at IS 'unused: the table erasures has it';
