"""Bodies above the limit: each service refuses them with 413, and how soon is counted.

A figure and no test: what a busy machine takes says nothing of the service. FAULTS row 27 asks for 100 ms.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from shared.cloudevents import MAX_BYTES

ROUTES = {  # of each service one that reads a body
    "monitor": "/v1/events",
    "notifier": "/v1/customers/c-1/contacts/clear-mark",
    "ticketing": "/v1/tickets",
    "console": "/v1/people",
}
CHUNK = 65_536
EACH = 10  # of either form, at each service
SOON_MS = 100.0
WITHIN = 20.0  # seconds for an answer


@dataclass(frozen=True)
class Answer:
    """What one body above the limit was answered, and how long after its first byte."""

    status: str
    ms: float


async def refusal(port: int, path: str, token: str, *, chunked: bool) -> Answer:
    """Sends a body one byte above the limit: with its length said before, or in chunks, where the last byte shows it."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        began = time.perf_counter()
        writer.write(head.encode())
        if chunked:
            whole = b"%x\r\n%s\r\n" % (CHUNK, b" " * CHUNK)
            writer.write(b"Transfer-Encoding: chunked\r\n\r\n" + whole * (MAX_BYTES // CHUNK) + b"1\r\n \r\n")
        else:
            writer.write(b"Content-Length: %d\r\n\r\n" % (MAX_BYTES + 1))
        async with asyncio.timeout(WITHIN):
            line = await reader.readline()
        ms = (time.perf_counter() - began) * 1000
    except OSError as error:
        return Answer(type(error).__name__, 0.0)
    finally:
        writer.close()
    return Answer(line.split(b" ")[1].decode() if line.startswith(b"HTTP/") else "closed", ms)


async def refusals(ports: Mapping[str, int], token: str) -> dict[str, Any]:
    """Asks each service one after another; returns how many refused, and how soon."""
    answers: list[Answer] = []
    for service, path in ROUTES.items():
        for _ in range(EACH):
            answers += [await refusal(ports[service], path, token, chunked=chunked) for chunked in (False, True)]
    return figures(answers)


def figures(answers: Sequence[Answer]) -> dict[str, Any]:
    """Returns the figures of answers. Pure."""
    refused = sorted(each.ms for each in answers if each.status == "413")
    return {
        "asked": len(answers),
        "not_413": len(answers) - len(refused),
        "median_ms": round(median(refused), 1) if refused else None,
        "longest_ms": round(refused[-1], 1) if refused else None,
        "later_than_100_ms": sum(each > SOON_MS for each in refused),
    }
