"""Callers who hold what they get: idle connections, bodies that never end, answers that nobody takes; health is asked all the while."""

import asyncio
import json
import resource
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

IDLE, SLOW, UNREAD = 2_000, 100, 50
ASKED = 400  # times /livez, one after the other
SECONDS = 20.0  # that all are held at most
P99_MS = 100.0


def _open_files(needed: int) -> None:
    """Raises this process's limit of open files, as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(needed, hard), hard))


GoOn = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Service:
    """A service's address, and what to hold there: a path that takes a body and one whose answer is long, with a token for both."""

    url: str
    token: str
    takes: str
    says: str

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return parts.hostname or "localhost", parts.port or 80

    def request(self, method: str, path: str, *headers: str) -> bytes:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.address[0]}", f"Authorization: Bearer {self.token}", *headers]
        return "\r\n".join([*lines, "", ""]).encode()


async def holding(service: Service) -> dict[str, Any]:
    """Returns what /livez took, p50 and p99 in milliseconds, while 2,000 idle connections, 100 slow bodies and 50 unread answers were held.

    Raises AssertionError when p99 was above 100 ms or the service started anew.
    """
    _open_files(IDLE + SLOW + UNREAD + 200)
    up_before, held = await _up_seconds(service), Held(service)
    async with asyncio.timeout(2 * SECONDS), asyncio.TaskGroup() as group:
        holders = [group.create_task(each) for each in held.holders()]
        await held.complete()
        times = sorted([await _asked(service) for _ in range(ASKED)])
        counts = dict(held.counts)
        for holder in holders:
            holder.cancel()
    p50, p99 = times[len(times) // 2] * 1_000, times[len(times) * 99 // 100] * 1_000
    assert p99 <= P99_MS, f"/livez of {service.url}: p99 {p99:.1f} ms while {counts} were held"
    assert await _up_seconds(service) > up_before, f"{service.url} has started anew"
    return {"url": service.url, "held": counts, "asked": ASKED, "p50_ms": round(p50, 2), "p99_ms": round(p99, 2)}


class Held:
    """Connections that are made again whenever the service ends them; `counts` are those of each kind that are held now."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.counts = {"idle": 0, "slow_bodies": 0, "unread_answers": 0}

    def holders(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Holds them all. Half of the bodies are so large that each takes one of the places there are for such."""
        large, small = (self._service.request("POST", self._service.takes, f"Content-Length: {size}") for size in (1_000_000, 10_000))
        answer = self._service.request("GET", self._service.says)
        return [
            *(self._hold("unread_answers", answer, _rest) for _ in range(UNREAD)),
            *(self._hold("slow_bodies", body, _trickle) for body in (large, small) for _ in range(SLOW // 2)),
            *(self._hold("idle", b"", _listen) for _ in range(IDLE)),
        ]

    async def _hold(self, kind: str, first: bytes, go_on: GoOn) -> None:
        """Sends `first` and goes on until the service ends it; then anew."""
        while True:
            with suppress(OSError):
                reader, writer = await asyncio.open_connection(*self._service.address)
                self.counts[kind] += 1
                try:
                    writer.write(first)
                    await go_on(reader, writer)
                finally:
                    self.counts[kind] -= 1
                    writer.close()
            await asyncio.sleep(0.5)

    async def complete(self) -> None:
        """Returns once all are held."""
        while self.counts != {"idle": IDLE, "slow_bodies": SLOW, "unread_answers": UNREAD}:  # noqa: ASYNC110  nothing signals it
            await asyncio.sleep(0.05)


async def _listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


async def _trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while not reader.at_eof():
        writer.write(b" ")
        with suppress(TimeoutError):
            await asyncio.wait_for(reader.read(), 2)


async def _rest(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    await asyncio.sleep(SECONDS)


async def _asked(service: Service) -> float:
    """Returns seconds that /livez took on a connection of its own."""
    started = time.perf_counter()
    await _livez(service)
    return time.perf_counter() - started


async def _up_seconds(service: Service) -> float:
    return float((await _livez(service))["up_seconds"])


async def _livez(service: Service) -> Any:
    reader, writer = await asyncio.open_connection(*service.address)
    try:
        writer.write(service.request("GET", "/livez", "Connection: close"))
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), f"/livez of {service.url}: {head[:100]!r}"
        return json.loads(body)
    finally:
        writer.close()
