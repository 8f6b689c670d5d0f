-- Incidents may be suggested to an agent, end in three ways, and end again; creating a ticket waits for no lock.

-- A ticket of an affected customer that may be about the incident: an agent decides.
CREATE TABLE suggestions (
    ticket_id    text             NOT NULL REFERENCES tickets ON DELETE CASCADE,
    incident_id  text             NOT NULL,
    score        double precision NOT NULL,
    reasons      text[]           NOT NULL,
    suggested_at timestamptz      NOT NULL,
    PRIMARY KEY (ticket_id, incident_id)
);
CREATE INDEX suggestions_incident ON suggestions (incident_id);

-- The fact with the highest revision counts. `resolved_at` is when it ended, in whichever way; null while it is open.
ALTER TABLE incidents
    ADD COLUMN revision       bigint  NOT NULL DEFAULT 0,
    ADD COLUMN ended_as       text    NOT NULL DEFAULT 'resolved',  -- resolved, withdrawn, dismissed; means nothing while it is open
    ADD COLUMN ended_revision bigint  NOT NULL DEFAULT 0,           -- of the fact that ended it
    ADD COLUMN tell           boolean NOT NULL DEFAULT true,        -- whether customers hear of the end
    ADD COLUMN said_by        text,                                 -- the id of the last fact taken, and how many facts led to it
    ADD COLUMN hops           int     NOT NULL DEFAULT 0;

-- Which end of the incident the ticket has been through, by that end's revision: -1 when it waits for its first.
ALTER TABLE links ADD COLUMN ended_revision bigint NOT NULL DEFAULT -1;
UPDATE links SET ended_revision = 0 FROM incidents i WHERE i.id = links.incident_id AND i.resolved_at IS NOT NULL;
CREATE INDEX links_unended ON links (incident_id, ended_revision) WHERE unlinked_at IS NULL;

-- Impact whose customers' waiting tickets are still to be matched, by the fact that said it.
CREATE TABLE impact_to_match (
    id          text   PRIMARY KEY,
    incident_id text   NOT NULL,
    customers   text[] NOT NULL,
    hops        int    NOT NULL
);
CREATE INDEX impact_to_match_incident ON impact_to_match (incident_id);

-- Tickets of customers since a moment; those whose rest may have come; those of a component, which a list may ask for.
CREATE INDEX tickets_customer_opened ON tickets (customer_id, opened_at);
CREATE INDEX tickets_waiting ON tickets (changed_at) WHERE status = 'waiting';
CREATE INDEX tickets_resolved ON tickets (resolved_at) WHERE status = 'resolved';
CREATE INDEX tickets_component ON tickets (component, number) WHERE component IS NOT NULL;
