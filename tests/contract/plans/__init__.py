"""What the query plan test needs of each service: tables of a size that decides plans, and parameters for each named query."""
