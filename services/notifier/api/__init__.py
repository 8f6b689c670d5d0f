"""Somebody called: what agents and operators ask of notifier over REST."""
