"""Moments, durations and numbers in words, and what viewers do not see."""

from datetime import UTC, datetime, timedelta

import pytest

from services.console.frame import words

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (4800, "1 h 20 min"),
        (36000 + 1200, "10 h"),
        (90000, "1 d 1 h"),
        (864000 + 7200, "10 d"),
        (-61, "1 min"),
    ],
)
def test_a_duration_has_its_largest_unit_and_the_next_while_it_is_short(seconds: int, said: str) -> None:
    assert words.duration(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(("seconds", "said"), [(4, "just now"), (5, "5 s ago"), (240, "4 min ago"), (-120, "in 2 min")])
def test_a_moment_is_said_from_now(seconds: int, said: str) -> None:
    assert words.ago(NOW - timedelta(seconds=seconds), NOW) == said


@pytest.mark.parametrize(("seconds", "said"), [(60, "1 min left"), (0, "late by 0 s"), (-180, "late by 3 min")])
def test_what_is_left_until_a_moment_turns_into_how_late_it_is(seconds: int, said: str) -> None:
    assert words.until(NOW + timedelta(seconds=seconds), NOW) == said


@pytest.mark.parametrize(
    ("value", "places", "said"), [(1234567, 0, "1 234 567"), (0.5, 2, "0.5"), (3.0, 2, "3"), (100, 0, "100"), (None, 0, "–")]
)
def test_numbers_are_written_as_people_write_them(value: float | None, places: int, said: str) -> None:
    assert words.number(value, places).replace("\u202f", " ") == said


def test_one_thing_is_no_plural() -> None:
    assert (words.counted(1, "ticket"), words.counted(2, "ticket"), words.counted(0, "person", "people")) == (
        "1 ticket",
        "2 tickets",
        "0 people",
    )


@pytest.mark.parametrize("part", ["a/b", "?x=1", "#f", "a b", "%2F", "..", "ü@example.org"])
def test_a_part_of_a_path_ends_nothing(part: str) -> None:
    assert not set("/?# @") & set(words.segment(part))
    assert words.segment(part) != ".."


def test_personal_text_is_hidden_from_those_who_may_not_see_it() -> None:
    assert words.personal("Ada", sees=True) == "Ada"
    assert words.personal("Ada", sees=False) == words.HIDDEN
    assert words.personal(None, sees=False) == ""


@pytest.mark.parametrize(("id_", "shown"), [("c-17", "c-17"), ("ada@example.org", words.HIDDEN), ("+49 170 1234567", words.HIDDEN)])
def test_an_id_that_is_an_address_is_personal(id_: str, shown: str) -> None:
    assert words.identity(id_, sees=False) == shown
    assert words.identity(id_, sees=True) == id_
