"""Says when a webhook that did not take a call is called again: the pauses of Standard Webhooks, each with jitter. Pure.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from datetime import timedelta
from zlib import crc32

# Pauses after the first, second, … call that was not taken: ten calls over 75 h 35 m, the example of the specification.
PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
SPREAD = 0.1  # of a pause, to either side


def jittered(pause: timedelta, key: str) -> timedelta:
    """Returns the pause give or take a tenth, so that not all come back at once."""
    return pause * (1 - SPREAD + 2 * SPREAD * spread(key))


def spread(key: str) -> float:
    """Returns a figure from 0 to 1, the same for each run and after a restart."""
    return crc32(key.encode()) / (2**32 - 1)
