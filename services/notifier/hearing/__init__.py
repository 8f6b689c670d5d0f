"""Notifier handles the messages it reads: one module a topic writes down who must know what. Sending is `timers.py`."""
