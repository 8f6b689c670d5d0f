"""Dead letters are what no retry will mend: who is suspected, how often it is tried, and when putting aside stops."""

import pytest
from aiokafka import ConsumerRecord

from shared.cloudevents import Reason
from shared.streaming.brake import IN_A_ROW, OF_THE_LAST, Brake
from shared.streaming.dead_letters import TRIES, DeadLetter, Suspects


def record(offset: int, partition: int = 0) -> ConsumerRecord:
    return ConsumerRecord("customers.v1", partition, offset, 1_700_000_000_000, 0, b"c-1", b"{}", None, 3, 2, [("x", b"\xff")])


def letter(offset: int) -> DeadLetter:
    return DeadLetter(record(offset), Reason.NOT_JSON, "malformed")


def test_a_hundred_failures_in_a_row_are_borne_and_one_more_is_not() -> None:
    brake = Brake()
    brake.count(True, IN_A_ROW)
    assert not brake.tripped
    brake.count(True)
    assert brake.tripped


def test_one_success_ends_a_row() -> None:
    brake = Brake()
    for _ in range(4):
        brake.count(True, IN_A_ROW)
        brake.count(False)
    assert not brake.tripped


def test_more_than_half_of_the_last_thousand_trips_it_and_half_does_not() -> None:
    brake = Brake()
    for _ in range(OF_THE_LAST // 2):
        brake.count(True)
        brake.count(False)
    assert not brake.tripped
    brake.count(True, 2)  # a success has fallen out of the last thousand
    assert brake.tripped


def test_before_the_first_thousand_the_share_says_nothing() -> None:
    brake = Brake()
    for _ in range(9):
        brake.count(True, IN_A_ROW)
        brake.count(False)
    assert not brake.tripped


def test_old_failures_are_forgotten() -> None:
    brake = Brake()
    for _ in range(9):
        brake.count(True, 50)
        brake.count(False, 52)
    brake.count(False, OF_THE_LAST)
    for _ in range(5):
        brake.count(True, IN_A_ROW)
        brake.count(False)
    assert not brake.tripped


def test_once_tripped_it_stays_so() -> None:
    brake = Brake()
    brake.count(True, IN_A_ROW + 1)
    brake.count(False, 10 * OF_THE_LAST)
    assert brake.tripped


def test_a_copy_counts_apart() -> None:
    brake = Brake()
    brake.count(True, IN_A_ROW)
    copy = brake.copy()
    copy.count(True)
    assert (brake.tripped, copy.tripped) == (False, True)


@pytest.mark.parametrize(("failed", "tripped"), [(IN_A_ROW, False), (IN_A_ROW + 1, True)])
def test_outcomes_are_counted_in_the_order_the_records_came(failed: int, tripped: bool) -> None:
    brake = Brake()
    brake.take([record(offset) for offset in range(failed + 10)], [letter(offset) for offset in range(5, 5 + failed)])
    assert brake.tripped is tripped


def test_outcomes_without_failures_are_all_successes() -> None:
    brake = Brake()
    brake.count(True, IN_A_ROW)
    brake.take([record(offset) for offset in range(3)], [])
    brake.count(True, IN_A_ROW)
    assert not brake.tripped


def test_a_record_is_caught_after_its_last_try_and_not_before() -> None:
    suspects = Suspects()
    for _ in range(TRIES - 1):
        suspects.blame([record(7)], ValueError())
    assert suspects.caught([record(7)]) == []
    suspects.blame([record(7)], KeyError())
    [letter] = suspects.caught([record(6), record(7), record(8)])
    assert (letter.record.offset, letter.reason, letter.error, letter.attempts) == (7, Reason.HANDLER_FAILED, "KeyError", TRIES)


def test_everything_up_to_the_last_suspect_of_a_partition_is_suspected() -> None:
    suspects = Suspects()
    suspects.blame([record(5), record(7)], ValueError())
    suspects.doubt({1: 3})
    assert [offset for offset in range(10) if record(offset) in suspects] == list(range(8))
    assert [offset for offset in range(10) if record(offset, partition=1) in suspects] == [0, 1, 2]


def test_what_is_committed_is_suspected_of_nothing() -> None:
    suspects = Suspects()
    for _ in range(TRIES):
        suspects.blame([record(5), record(7)], ValueError())
    suspects.absolve(0, below=6)
    assert [letter.record.offset for letter in suspects.caught([record(5), record(7)])] == [7]


def test_a_dead_letter_has_the_record_as_it_came_and_headers_that_say_why() -> None:
    message = DeadLetter(record(42), Reason.NOT_JSON, "d" * 1000, attempts=2).message("forewarn-shop-customers.v1")
    headers = dict(message.headers)
    assert (message.topic, message.key, message.value, headers.pop("x")) == ("customers.v1.dlq", b"c-1", b"{}", b"\xff")
    assert {name.removeprefix("forewarn-"): value.decode() for name, value in headers.items()} == {
        "reason": "not_json",
        "detail": "d" * 500,
        "error": "Undecodable",
        "attempts": "2",
        "stream": "forewarn-shop-customers.v1",
        "topic": "customers.v1",
        "partition": "0",
        "offset": "42",
        "first-seen": "2023-11-14T22:13:20+00:00",
        "form": "whole",
        "size": "2",
        "sha256": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    }
