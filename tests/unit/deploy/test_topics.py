"""deploy/kafka/topics.yml is complete, has room for the largest event, and keeps no personal data for long."""

from datetime import timedelta
from pathlib import Path

import pytest

from deploy import topics
from shared.cloudevents import MAX_BYTES
from shared.configuration.files import ConfigError
from shared.events import COMPACTED, Topic

FACTS = [topic.value for topic in Topic]
DEAD_LETTERS = [f"{topic}.dlq" for topic in Topic]


def bytes_of(name: str) -> int:
    return int(topics.read()[name].settings["max.message.bytes"])


def test_every_topic_of_the_contract_is_there_with_its_dead_letters_their_receipts_and_no_other() -> None:
    assert sorted(topics.read()) == sorted([*FACTS, *DEAD_LETTERS, topics.RECEIPTS])


def test_a_receipt_outlives_its_letter_by_a_segment_and_no_writer_dates_either() -> None:
    receipts, letters = (topics.read()[name].settings for name in (topics.RECEIPTS, DEAD_LETTERS[0]))
    segment = timedelta(days=7) / timedelta(milliseconds=1)  # Kafka's log.roll.hours
    assert int(receipts["retention.ms"]) > int(letters["retention.ms"]) + segment
    assert {receipts["message.timestamp.type"], letters["message.timestamp.type"]} == {"LogAppendTime"}


def test_an_event_above_the_limit_still_arrives_and_its_dead_letter_has_room_for_more_headers() -> None:
    for name in FACTS:
        assert MAX_BYTES + 65_536 < bytes_of(name) < bytes_of(f"{name}.dlq")


def test_the_topics_that_are_compacted_are_those_whose_readers_know_tombstones() -> None:
    assert {name for name, wish in topics.read().items() if wish.settings.get("cleanup.policy") == "compact"} == COMPACTED


def test_nothing_but_the_directory_is_kept_for_more_than_thirty_days() -> None:
    for name, wish in topics.read().items():
        if name != "customers.v1":
            assert 0 < int(wish.settings["retention.ms"]) <= timedelta(days=30) / timedelta(milliseconds=1)


def test_what_erased_customers_were_is_compacted_away_within_a_day() -> None:
    lag = int(topics.read()["customers.v1"].settings["max.compaction.lag.ms"])
    assert timedelta(milliseconds=lag) < timedelta(days=1)


def test_a_mistake_in_the_file_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "topics.yml"
    path.write_text("topics:\n  product.events.v1:\n    partitions: 0\ndead_letters: {partitions: 1}\n")
    with pytest.raises(ConfigError, match=r"topics\.yml:3: topics.*partitions: .*greater than or equal to 1"):
        topics.read(path)


def test_a_topic_the_contract_does_not_know_is_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "topics.yml"
    path.write_text("topics:\n  prodct.events.v1: {partitions: 1}\ndead_letters: {partitions: 1}\n")
    with pytest.raises(ConfigError, match=r"prodct\.events\.v1"):
        topics.read(path)


def test_another_partition_count_is_told_and_an_equal_one_is_not() -> None:
    wanted = {"a": topics.Wanted(partitions=10), "b": topics.Wanted(partitions=1), "c": topics.Wanted(partitions=1)}
    assert topics.differences(wanted, {"a": 4, "b": 1}) == [
        "topic a: has 4 partitions and should have 10; left alone, since keys would move"
    ]
