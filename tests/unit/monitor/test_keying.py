"""An event's key is stable, and its partition is the one that Kafka's own partitioner takes."""

from random import Random

import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from services.monitor.fold.keying import FEW, away_from, home_of, key_of, keys_of
from shared.events import ProductEvent
from tests.builders import event

partition = DefaultPartitioner()


@given(st.binary(max_size=70), st.integers(1, 50))
def test_a_key_s_home_is_the_partition_that_kafka_s_default_partitioner_takes(key: bytes, partitions: int) -> None:
    assert home_of(key, partitions) == partition(key, list(range(partitions)), [])


@pytest.mark.parametrize(
    ("of", "key"),
    [
        (event(subject="c-1"), "c-1"),
        (event(subject=None, data={"component": "checkout"}), "checkout"),
        (event(subject=None, source="/probe", data={"component": 7}), "/probe"),
        (event(subject=None, source="/probe", data={"component": ""}), "/probe"),
        (event(subject=None, source="/probe", data={"ok": True}), "/probe"),
    ],
)
def test_the_key_is_the_customer_else_the_component_else_the_source(of: ProductEvent, key: str) -> None:
    assert key_of(of) == key


@given(st.lists(st.binary(max_size=13), max_size=40), st.integers(1, 12), st.data())
def test_keys_that_are_hashed_at_once_have_the_homes_they_have_one_by_one(keys: list[bytes], partitions: int, data: st.DataObject) -> None:
    partition = data.draw(st.integers(0, partitions - 1))
    homes = {key: home_of(key, partitions) for key in keys}
    assert away_from(partition, keys, partitions) == {key: home for key, home in homes.items() if home != partition}


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 5, 36, 255])
def test_so_have_many_keys_of_one_length(length: int) -> None:
    keys = [Random(number).randbytes(length) for number in range(3 * FEW)]
    assert away_from(0, keys, 7) == {key: home_of(key, 7) for key in keys if home_of(key, 7)}


def test_the_keys_of_events_are_as_kafka_has_them() -> None:
    events = [event(subject="c-ä"), event(subject=None, data={"component": "checkout"}), event(subject="1")]
    assert list(keys_of(events)) == ["c-ä".encode(), b"checkout", b"1"]
    assert list(keys_of([])) == []
