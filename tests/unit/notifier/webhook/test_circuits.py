"""A destination that fails five times in a row is left alone for half a minute, then asked once; others are called all the while."""

from datetime import timedelta

from services.notifier.channels.webhook.circuits import MOST, OPEN_AFTER, OPEN_FOR, Circuits
from tests.builders import NOON

MOMENT = timedelta(microseconds=1)
ONE, OTHER = "https://one.example/", "https://other.example/"


def opened() -> Circuits:
    circuits = Circuits()
    for _ in range(OPEN_AFTER):
        assert circuits.wait(ONE, NOON) is None
        circuits.learn(ONE, NOON, taken=False)
    return circuits


def test_it_opens_after_five_failures_in_a_row_and_for_this_destination_alone() -> None:
    circuits = opened()
    assert circuits.wait(ONE, NOON) == OPEN_FOR
    assert circuits.wait(OTHER, NOON) is None


def test_a_call_that_is_taken_begins_the_count_anew() -> None:
    circuits = Circuits()
    for taken in (*[False] * (OPEN_AFTER - 1), True, *[False] * (OPEN_AFTER - 1)):
        circuits.learn(ONE, NOON, taken=taken)
    assert circuits.wait(ONE, NOON) is None


def test_half_open_lets_one_call_through_and_closes_or_opens_by_it() -> None:
    circuits = opened()
    assert circuits.wait(ONE, NOON + OPEN_FOR - MOMENT) == MOMENT
    assert circuits.wait(ONE, NOON + OPEN_FOR) is None
    assert circuits.wait(ONE, NOON + OPEN_FOR) == OPEN_FOR, "the others wait for what the probe finds"
    circuits.learn(ONE, NOON + OPEN_FOR, taken=False)
    assert circuits.wait(ONE, NOON + OPEN_FOR) == OPEN_FOR
    assert circuits.wait(ONE, NOON + 2 * OPEN_FOR) is None
    circuits.learn(ONE, NOON + 2 * OPEN_FOR, taken=True)
    assert circuits.wait(ONE, NOON + 2 * OPEN_FOR) is None


def test_its_memory_is_bounded() -> None:
    circuits = opened()
    for number in range(MOST):
        circuits.learn(f"https://{number}.example/", NOON, taken=False)
    assert circuits.wait(ONE, NOON) is None, "the oldest is forgotten"
