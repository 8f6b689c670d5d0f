"""Replicas of one service are asked each, and shown as one."""

import socket
from typing import Any

import pytest

from deploy.local.replicas import every_address, merged
from shared.routes.streams import SampleView, Streams, StreamView


def says(service: str, lag: int | None, *, trouble: str | None = None, letters: int = 0) -> Streams:
    sample = SampleView(partition=0, offset=letters, reason="not_json", detail="malformed", source=None)
    stream = StreamView(
        topic="incidents.v1",
        trouble=trouble,
        lag=lag,
        dead_letters={"not_json": letters} if letters else {},
        pointers=letters,
        samples=[sample] * letters,
        brakes=[],
    )
    return Streams(service=service, streams=[stream], unpublished=[])


def test_one_of_each_stays_as_it_is() -> None:
    answers = [says("monitor", 1), says("notifier", 2)]
    assert merged(answers) == answers


def test_what_replicas_count_is_summed_and_the_first_trouble_is_told() -> None:
    [both] = merged([says("monitor", 3, letters=2), says("monitor", 4, trouble="lag unknown", letters=4)])
    [stream] = both.streams
    assert both.service == "monitor x2"
    assert (stream.lag, stream.dead_letters, stream.pointers, stream.trouble) == (7, {"not_json": 6}, 6, "lag unknown")
    assert len(stream.samples) == 5


def test_a_lag_that_one_does_not_know_is_unknown() -> None:
    [both] = merged([says("monitor", 3), says("monitor", None)])
    assert both.streams[0].lag is None


def test_services_keep_their_order() -> None:
    found = merged([says("notifier", 0), says("monitor", 0), says("notifier", 0)])
    assert [each.service for each in found] == ["notifier x2", "monitor"]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resolves names: it knows two addresses of `monitor`, one of `notifier`, and nobody else."""
    known = {"monitor": ["10.0.0.3", "10.0.0.2"], "notifier": ["10.0.0.4"]}

    def look_up(host: str, port: int | None, *_: Any) -> list[Any]:
        if host not in known:
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port)) for number in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("http://monitor:8001", ["http://10.0.0.2:8001", "http://10.0.0.3:8001"]),
        ("http://monitor:8001/behind", ["http://10.0.0.2:8001/behind", "http://10.0.0.3:8001/behind"]),
        ("https://monitor:8001", ["https://monitor:8001"]),
        ("http://notifier:8002", ["http://notifier:8002"]),
        ("http://nobody:8003", ["http://nobody:8003"]),
        ("monitor", ["monitor"]),
        ("http://monitor:99999", ["http://monitor:99999"]),
    ],
)
async def test_every_address_of_a_name_is_asked(url: str, asked: list[str]) -> None:
    assert await every_address([url]) == asked
