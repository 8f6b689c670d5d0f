"""Channels are the ways to a customer. One makes an attempt and returns its outcome; `deciding/planning.py` says when to try again."""
