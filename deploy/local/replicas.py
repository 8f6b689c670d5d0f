"""Merges the replicas of one service: asks every address that its name has, and shows their answers as one."""

import asyncio
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from urllib.parse import urlsplit

from shared.routes.streams import SampleView, Streams, StreamView

SAMPLES = 5  # of what was put aside, of all replicas together


async def every_address(urls: Sequence[str]) -> list[str]:
    """Returns a URL for each IPv4 address of a host that has several, as a service of a compose stack has with several replicas.

    `https` keeps its name, since the certificate is for the name. A name that cannot be looked up stays as it is: the request reports it.
    """
    found = await asyncio.gather(*(asyncio.to_thread(_addresses, url) for url in urls))
    return [url for each in found for url in each]


def _addresses(url: str) -> list[str]:
    try:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            return [url]
        known = socket.getaddrinfo(parts.hostname, parts.port, socket.AF_INET, socket.SOCK_STREAM)
    except (OSError, ValueError):
        return [url]
    numbers = sorted({str(sockaddr[0]) for *_, sockaddr in known})
    port = f":{parts.port}" if parts.port else ""
    return [f"http://{number}{port}{parts.path}" for number in numbers] if len(numbers) > 1 else [url]


def merged(answers: Sequence[Streams]) -> list[Streams]:
    """Returns one answer for each service, in the order of the first answers.

    What each replica counts is summed, and what is in the database is said once.
    """
    order = list(dict.fromkeys(answer.service for answer in answers))
    by_service = groupby(sorted(answers, key=lambda answer: order.index(answer.service)), attrgetter("service"))
    return [_one([*replicas]) for _, replicas in by_service]


def _one(replicas: Sequence[Streams]) -> Streams:
    first = replicas[0]
    if len(replicas) == 1:
        return first
    streams = [_stream([stream for each in replicas for stream in each.streams if stream.topic == topic]) for topic in _topics(replicas)]
    return Streams(service=f"{first.service} x{len(replicas)}", streams=streams, unpublished=first.unpublished)


def _topics(replicas: Sequence[Streams]) -> Iterator[str]:
    yield from dict.fromkeys(stream.topic for each in replicas for stream in each.streams)


def _stream(parts: Sequence[StreamView]) -> StreamView:
    lags = [part.lag for part in parts]
    letters: Counter[str] = sum((Counter(part.dead_letters) for part in parts), Counter())
    samples: list[SampleView] = [sample for part in parts for sample in part.samples]
    return StreamView(
        topic=parts[0].topic,
        trouble=next((part.trouble for part in parts if part.trouble), None),
        lag=None if None in lags else sum(lag for lag in lags if lag is not None),
        dead_letters=dict(letters),
        pointers=sum(part.pointers for part in parts),
        samples=samples[:SAMPLES],
        brakes=max((part.brakes for part in parts), key=len),
    )
