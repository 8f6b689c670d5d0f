"""The channel `webhook` calls endpoints that customers have registered, signed as Standard Webhooks says."""
