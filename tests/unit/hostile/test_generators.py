"""The hostile cases are the same for the same seed, and on the wire what they say they are."""

import random
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from aiokafka.record.memory_records import MemoryRecords

from shared.cloudevents import Undecodable, read_event, read_fact
from shared.events import FACT_OF
from tests.batches import CODECS
from tests.hostile.records import forged, record, with_headers
from tests.hostile.requests import PORTS, request
from tests.hostile.wire import Record


@pytest.mark.parametrize("codec", CODECS)
def test_a_batch_is_read_by_the_client_library_as_it_was_written(codec: str) -> None:
    written = Record("topic", b"key", b"value" * 100, ((b"name", b"\xff"), (b"none", None)), timestamp=1_764_000_000_000, codec=codec)
    [found] = list(MemoryRecords(written.batch()).next_batch())
    assert (found.key, found.value, list(found.headers)) == (b"key", b"value" * 100, [("name", b"\xff"), ("none", None)])
    assert found.timestamp == 1_764_000_000_000


def test_the_same_seed_makes_the_same_cases() -> None:
    def said(seed: int) -> list[object]:
        """Returns all but the moments of their making."""
        dice = random.Random(seed)
        asked = [request(dice, {"agent": "a"}).service for _ in range(50)]
        made = [with_headers(dice) for _ in range(50)]
        return [*asked, *((each.topic, each.key, each.codec, [name for name, _ in each.headers]) for each in made)]

    assert said(1) == said(1)
    assert said(1) != said(2)


def test_every_service_and_its_pages_are_asked() -> None:
    dice = random.Random(1)
    asked = [request(dice, {"agent": "a"}, {"Cookie": "session=s"}) for _ in range(500)]
    assert {each.service for each in asked} == {*PORTS}
    assert {each.service for each in asked if b"Cookie: session=s\r\n" in each.raw} == {"console"}


def test_whatever_the_bytes_reading_gives_an_event_or_a_reason() -> None:
    dice, read = random.Random(1), 0
    for make in (record, forged) * 150:
        made, now = make(dice), datetime.now(UTC)
        with suppress(Undecodable):
            read_event(made.value, (), now)
            read_fact(made.value, (), now, FACT_OF)
            read += 1
    assert 0 < read < 300
