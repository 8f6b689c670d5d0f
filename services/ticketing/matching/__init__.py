"""Whether a ticket is about an incident is decided by evidence: the same customer, the same time, and words that say so. Pure."""
