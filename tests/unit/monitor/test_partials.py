"""Partials are cut by bytes: no message is too large for the broker or its reader, however many series and buckets there are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.monitor.fold.partials import IN_ONE, LARGEST, messages, series, size, size_of_alert
from shared.cloudevents import MAX_BYTES, write_fact
from shared.events import Bucket, FoldedAlert, FoldedSeries, PartialFolded
from tests.builders import NOON
from tests.unit.monitor.builders import rule

RULE, LONG = rule(), rule(id="f" * 63)
START = int(NOON.timestamp())
AT = START + 1e7


def buckets(count: int) -> list[Bucket]:
    """Returns buckets, each with figures as long as they get."""
    return [(START + number, 123_456_789, 123_456_789, 123_456_789, START + number + 0.123456) for number in range(count)]


def written(*folded: FoldedSeries) -> list[bytes]:
    pieces = [PartialFolded.Data(series=piece) for piece in messages(folded, size)]
    return [
        write_fact(PartialFolded.of(data, subject="components-1", at=NOON, unique=f"{'9:123456789/' * 10}{number}"))
        for number, data in enumerate(pieces)
    ]


def test_375_series_of_300_buckets_are_several_messages_each_far_below_what_a_reader_takes() -> None:
    folded = [each for number in range(375) for each in series(RULE, f"part-{number}", 3, AT, buckets(300))]
    sent = written(*folded)
    assert len(sent) > 5
    assert max(map(len, sent)) <= LARGEST + 1000 < MAX_BYTES * 0.6
    assert [each for piece in messages(folded, size) for each in piece] == folded


def test_what_has_room_is_one_message() -> None:
    assert len(written(*series(RULE, "checkout", 3, AT, buckets(10)), *series(RULE, "search", 3, AT, buckets(10)))) == 1
    assert written() == []


@pytest.mark.parametrize("component", ["x" * 255, "\U0001f525" * 255, "\x01" * 255, '"' * 255])
def test_a_single_series_with_very_many_buckets_is_cut_too_whatever_its_name(component: str) -> None:
    sent = written(*series(LONG, component, 3, AT, buckets(100_000)))
    assert max(map(len, sent)) <= LARGEST + 1000


def test_a_piece_of_a_series_does_not_let_time_run_ahead_of_its_buckets() -> None:
    first, second, last = series(RULE, "checkout", 3, AT, list(reversed(buckets(2 * IN_ONE + 1))))
    assert [len(each.buckets) for each in (first, second, last)] == [IN_ONE, IN_ONE, 1]
    assert START + IN_ONE - 1 < first.watermark < START + IN_ONE
    assert START + 2 * IN_ONE - 1 < second.watermark < START + 2 * IN_ONE
    assert last.watermark == AT


def test_a_series_without_buckets_says_how_far_time_has_come() -> None:
    [only] = series(RULE, "checkout", 3, AT, [])
    assert (only.watermark, only.buckets) == (AT, ())


@given(st.text(min_size=1, max_size=40), st.lists(st.tuples(*[st.integers(0, 10**12)] * 4, st.floats(0, 1e10)), max_size=20))
def test_the_size_is_that_of_the_json(component: str, told: list[Bucket]) -> None:
    for each in series(RULE, component.encode(errors="replace").decode(), 3, AT, told):
        assert 0 <= size(each) - len(each.model_dump_json().encode()) <= 16 + 8 * len(told)


@pytest.mark.parametrize("letter", ["x", "\U0001f525", '"'])
def test_alerts_are_cut_into_messages_too_in_their_order(letter: str) -> None:
    words = {"name": letter * 255, "severity": letter * 255, "summary": letter * 1000, "url": letter * 2000}
    alerts = [
        FoldedAlert(
            rule=LONG.id,
            component=letter * 255,
            fingerprint=LONG.fingerprint,
            key=str(number).rjust(255, letter),
            starts_at=AT,
            ends_at=None,
            said_at=AT,
            **words,
        )
        for number in range(500)
    ]
    pieces = list(messages(alerts, size_of_alert))
    assert len(pieces) > 3
    assert [each for piece in pieces for each in piece] == alerts
    facts = [PartialFolded.of(PartialFolded.Data(series=(), alerts=piece), subject="components-1", at=NOON) for piece in pieces]
    assert max(len(write_fact(fact)) for fact in facts) <= LARGEST + 1000
