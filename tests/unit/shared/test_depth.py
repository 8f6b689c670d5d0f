"""JSON of any depth is an event, a fact or a refusal with its reason, and never another exception, however deep the stack is already."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from typing import Any

import pytest
from aiokafka import ConsumerRecord

from shared.cloudevents import DEEPEST, Reason, Undecodable, is_deep, read_event, read_fact, write_event
from shared.conditions import reader
from shared.events import FACT_OF, ProductEvent
from shared.streaming.dead_letters import source_of

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DEPTHS = [*range(1, 1_100), *range(1_100, 3_001, 50)]  # Python 3.11 reads some 990
EVENT = '{"specversion":"1.0","id":"1","source":"/s","type":"t","time":"2026-11-24T10:00:00Z","data":DEEP}'
UNKNOWN = EVENT.replace("{", '{"more":1,', 1)  # an attribute we do not know takes the longer way
EXTENSION = EVENT.replace("data", "more")
SURROGATE = EVENT.replace("{", '{"more":"\\ud800",', 1)
FACT = EVENT.replace('"t"', '"forewarn.support.requested.v1","subject":"c"').replace(
    "DEEP", '{"channel":"form","subject":"s","body":"b","more":DEEP}'
)
HEADERS = [(f"ce_{name}", held) for name, held in (("specversion", b"1.0"), ("id", b"1"), ("source", b"/s"), ("type", b"t"))]


INTO = reader("data." + ".".join("a" * 2_000))  # as deep as a rule may look


def lists(depth: int) -> str:
    return "[" * depth + "]" * depth


def objects(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


def standing(frames: int, what: Callable[[], Any]) -> Any:
    """Calls it so many frames further down the stack."""
    return what() if frames == 0 else standing(frames - 1, what)


def fate(value: bytes, headers: Any = ()) -> str:
    """Returns what becomes of a message, also where it is looked into and written again."""
    try:
        event = read_event(value, headers, NOW)
        INTO(event)
        read_fact(value, headers, NOW, FACT_OF)
        written = write_event(event)
    except Undecodable as refusal:
        return refusal.reason
    assert read_event(written, (), NOW) == event
    return "event"


@pytest.mark.parametrize("nested", [lists, objects])
@pytest.mark.parametrize("message", [EVENT, UNKNOWN, EXTENSION, SURROGATE, FACT])
@pytest.mark.parametrize("frames", [0, 150, 700])
def test_an_event_of_each_depth_is_one_or_is_refused_as_too_deep(message: str, nested: Callable[[int], str], frames: int) -> None:
    messages = (message.replace("DEEP", nested(depth)).encode() for depth in (DEPTHS[::7] if frames else DEPTHS))
    fates = [standing(frames, partial(fate, each)) for each in messages]
    assert [each for each, _ in groupby(fates)] == ["event", Reason.NOT_JSON]


@pytest.mark.parametrize("nested", [lists, objects])
def test_the_same_holds_in_binary_mode(nested: Callable[[int], str]) -> None:
    headers = [*HEADERS, ("ce_time", b"2026-11-24T10:00:00Z")]
    fates = [fate(nested(depth).encode(), headers) for depth in DEPTHS]
    assert [(each, len(list(found))) for each, found in groupby(fates)] == [("event", DEEPEST), (Reason.NOT_JSON, len(DEPTHS) - DEEPEST)]


@pytest.mark.parametrize("nested", [lists, objects])
def test_a_dead_letter_of_each_depth_can_be_made(nested: Callable[[int], str]) -> None:
    values = [EVENT.replace("DEEP", nested(depth)).encode() for depth in DEPTHS]
    records = [ConsumerRecord("t", 0, 0, 0, 0, None, value, None, 0, len(value), []) for value in values]
    assert {source_of(each) for each in records} == {"/s", None}


@pytest.mark.parametrize("wide", [[], {}, [1] * 10_000, [[]] * 10_000, {"a": [{}] * 1_000}])
def test_what_is_wide_is_not_deep(wide: Any) -> None:
    assert not is_deep(wide)
    assert not is_deep(_around(wide, DEEPEST - 3))


@pytest.mark.parametrize("inner", [[], {}])
def test_the_limit_is_met_on_both_sides(inner: Any) -> None:
    assert not is_deep(_around(inner, DEEPEST - 1))
    assert is_deep(_around(inner, DEEPEST))
    assert is_deep([1, {"a": 1}, _around(inner, DEEPEST), {}])


def test_a_rule_looks_into_an_event_however_deep() -> None:
    event = read_event(EVENT.replace("DEEP", objects(900)).encode(), (), NOW)
    assert isinstance(event, ProductEvent)
    assert type(reader("data." + ".".join("a" * 899))(event)) is dict


def _around(inner: Any, levels: int) -> Any:
    for _ in range(levels):
        inner = [inner]
    return inner
