"""The ways to a customer. A channel makes one attempt and returns its outcome; `deciding/planning.py` says when to try again."""
