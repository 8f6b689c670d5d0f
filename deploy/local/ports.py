"""Finds ports that nobody listens on, for servers that start some seconds later, and keeps them free until then.

A port that the system gives (`bind` to 0) may be given again, to another server or as the near end of a connection, before the
one it was meant for has started. So these lie below those that systems give: Linux from 32768 (net.ipv4.ip_local_port_range,
https://docs.kernel.org/networking/ip-sysctl.html), macOS and Windows from 49152 (RFC 6335).
"""

import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager

FROM, TO = 15_000, 32_767
TRIES = 1_000
_random = random.SystemRandom()  # processes that were forked must not walk the same way


def free_port(wished: int = 0) -> int:
    """Returns a port of this machine that nobody listens on now and nobody has claimed: the wished one if it is so.

    Nothing keeps it from another caller of this function, who gets the same by a chance of one in thousands.
    """
    with claimed_port(wished) as port:
        return port


@contextmanager
def claimed_port(wished: int = 0) -> Iterator[int]:
    """Yields a port that nobody listens on, the wished one if it is so; nobody gets it by this module while the context lasts.

    The claim is the UDP port of that number, which ends with its process: so two stacks that start at once do not take one port.
    """
    for port in _candidates(wished):
        try:
            claim = _claim(port)
        except OSError:
            continue
        with claim:
            yield port
        return
    raise OSError(f"no port from {FROM} to {TO} is free")


def _candidates(wished: int) -> Iterator[int]:
    if wished:
        yield wished
    every = range(FROM, TO + 1)
    yield from _random.sample(every, min(len(every), TRIES))


def _claim(port: int) -> socket.socket:
    """Returns the open claim to a port. Raises OSError when somebody has it already, or listens there."""
    claim = socket.socket(type=socket.SOCK_DGRAM)
    try:
        claim.bind(("127.0.0.1", port))
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a connection that has just ended takes no port from a server
            probe.bind(("127.0.0.1", port))
    except OSError:
        claim.close()
        raise
    return claim
