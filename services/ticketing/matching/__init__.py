"""Is this ticket about that incident? By evidence: the same customer, the same time, and words that say so. Pure."""
