"""What a handling makes of records that are no facts."""

from collections.abc import Sequence

import pytest
from aiokafka import ConsumerRecord

from shared import metrics
from shared.events import COMPACTED, CustomerErased, Fact, Topic
from shared.postgres import Tx
from shared.streaming.handling import Forget, Handling
from tests.figures import value


async def nothing(tx: Tx, facts: Sequence[Fact]) -> None:
    pass


async def forgets(tx: Tx, keys: Sequence[str]) -> None:
    pass


def tombstone(topic: str, key: bytes | None = b"c-1") -> ConsumerRecord:
    return ConsumerRecord(topic, 0, 7, 1_795_514_400_000, 0, key, None, None, 3, -1, ())


@pytest.mark.parametrize("forget", [None, forgets])
@pytest.mark.parametrize("topic", COMPACTED)
async def test_a_tombstone_of_a_compacted_topic_is_no_dead_letter_whether_its_reader_forgets(topic: Topic, forget: Forget | None) -> None:
    handling = Handling(topic, (CustomerErased,), nothing, forget)
    before = value(metrics.TOMBSTONES.labels(topic))
    assert await handling.take([tombstone(topic), tombstone(topic, b"c-2")]) == []
    assert value(metrics.TOMBSTONES.labels(topic)) == before + 2
    assert handling.pressing() == (forget is not None)


async def test_a_record_without_key_and_value_deletes_nothing_and_is_put_aside() -> None:
    [letter] = await Handling(Topic.CUSTOMERS, (CustomerErased,), nothing).take([tombstone(Topic.CUSTOMERS, key=None)])
    assert letter.reason == "empty"


@pytest.mark.parametrize("topic", sorted(set(Topic) - COMPACTED))
async def test_a_record_without_value_on_any_other_topic_is_put_aside(topic: Topic) -> None:
    [letter] = await Handling(topic, (), nothing).take([tombstone(topic)])
    assert letter.reason == "empty"
