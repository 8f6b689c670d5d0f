"""An event's key is stable, and its partition is the one that Kafka's own partitioner takes."""

import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from services.monitor.fold.keying import home_of, key_of
from services.monitor.hearing import rekeying
from services.monitor.hearing.rekeying import Homes
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


def test_no_more_homes_are_remembered_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rekeying, "KNOWN", 10)
    homes = Homes(4)
    for number in range(1000):
        assert homes.of(f"c-{number}", number % 4) == home_of(f"c-{number}".encode(), 4)
    assert sum(f"c-{number}" in homes.residents(each) for number in range(1000) for each in range(4)) <= 10


def test_only_what_came_by_its_home_partition_is_resident_there() -> None:
    homes, home = Homes(4), home_of(b"c-1", 4)
    other = (home + 1) % 4
    assert homes.of("c-1", other) == home
    assert ("c-1" in homes.residents(home), "c-1" in homes.residents(other)) == (False, False)
    assert homes.of("c-1", home) == home
    assert ("c-1" in homes.residents(home), "c-1" in homes.residents(other)) == (True, False)
