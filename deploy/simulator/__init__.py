"""Simulates a product with customers, to demo and to measure on: pure and seeded, so that the same seed tells the same story.

`product.py` says who is there, `faults.py` what breaks, `people.py` who writes in, `story.py` puts them in order of time,
and `play.py`, the only one that knows Kafka and the clock, plays a story to a broker.
"""
