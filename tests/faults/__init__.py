"""Fault tests: real processes on real Kafka and Postgres are killed, frozen and cut off, and the account must balance.

`make faults` (`__main__.py`) plays the long rounds; the tests beside it are the short ones.
"""
