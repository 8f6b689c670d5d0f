"""A message came: one module a topic writes down who must know what. Sending is `timers.py`."""
