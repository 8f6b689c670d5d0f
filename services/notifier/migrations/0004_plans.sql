-- The list of notifications may ask for those that wait, failed or were suppressed: few among all that were delivered.
CREATE INDEX notifications_not_delivered ON notifications (status, created_at, id) WHERE status <> 'delivered';

-- What a customer got last, and how much of it lately, whatever they got in years before.
CREATE INDEX notifications_sent ON notifications (customer_id, sent_at) WHERE sent_at IS NOT NULL;
