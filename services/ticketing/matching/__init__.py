"""Evidence decides whether a ticket is about an incident: the same customer, the same time, and words that say so. Pure."""
