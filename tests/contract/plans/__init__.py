"""The query plan test needs this of each service: tables of a size that decides plans, and parameters for each named query."""
