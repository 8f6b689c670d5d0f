"""A message came: each module handles one topic."""
