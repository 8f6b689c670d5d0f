"""What must survive anything: on real Kafka and Postgres, with real processes that are killed, frozen and cut off.

`make faults` (`__main__.py`) plays the long rounds; the tests beside it are the short ones.
"""
