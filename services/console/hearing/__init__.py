"""A message came: each topic becomes rows of the read model, in the transaction that moves its offset."""
