"""What can be counted, and how a rule says that it wants it counted. Aggregates know no rule. Pure."""
