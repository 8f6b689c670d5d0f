-- Tickets that are about an incident: the end of the incident is told to their customers on the ticket.
CREATE TABLE ticket_links (
    incident_id   text        NOT NULL,
    customer_id   text        NOT NULL,
    ticket_id     text        NOT NULL,
    ticket_number bigint      NOT NULL,
    linked_at     timestamptz NOT NULL DEFAULT clock(),  -- when we heard of it
    PRIMARY KEY (incident_id, customer_id, ticket_id)
);
CREATE INDEX ticket_links_of_customer ON ticket_links (customer_id);
CREATE INDEX ticket_links_by_age ON ticket_links (linked_at);
