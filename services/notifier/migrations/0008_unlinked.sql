-- An agent found that a ticket is not about the incident after all: its end is not told there, also when the ticket was answered about it.
ALTER TABLE ticket_links ADD COLUMN unlinked boolean NOT NULL DEFAULT false;
