"""A body is unpacked within bounds, and what is none is refused."""

import gzip
from datetime import UTC, datetime

import pytest

from services.monitor.sources.hooks.bodies import decoded, follow, moment, unpacked
from shared.cloudevents import DEEPEST, MAX_BYTES, Reason, Undecodable


def test_gzip_is_unpacked_and_nothing_else() -> None:
    assert unpacked(gzip.compress(b"{}"), "gzip") == unpacked(b"{}", "") == unpacked(b"{}", "Identity") == b"{}"
    for raw, encoding in ((b"{}", "gzip"), (b"{}", "br"), (gzip.compress(b"{}")[:-1], "gzip"), (gzip.compress(b"{}") * 2, "gzip")):
        with pytest.raises(Undecodable) as error:
            unpacked(raw, encoding)
        assert error.value.reason is Reason.UNREADABLE


def test_what_grows_beyond_the_limit_is_not_unpacked() -> None:
    assert len(unpacked(gzip.compress(b" " * MAX_BYTES), "gzip")) == MAX_BYTES
    with pytest.raises(Undecodable) as error:
        unpacked(gzip.compress(b" " * (MAX_BYTES + 1)), "gzip")
    assert error.value.reason is Reason.TOO_LARGE


@pytest.mark.parametrize(("depth", "is_fine"), [(DEEPEST, True), (DEEPEST + 1, False), (100_000, False)])
def test_a_body_nests_as_deep_as_an_event_may(depth: int, is_fine: bool) -> None:
    body = b"[" * depth + b"]" * depth
    if is_fine:
        decoded(body)
    else:
        with pytest.raises(Undecodable):
            decoded(body)


def test_a_path_leads_into_objects_and_lists() -> None:
    said = {"a": [{"b": 1}], "c": "text"}
    assert [follow(path)(said) for path in ("a.0.b", "a.1.b", "a.x", "c.d", "c", "²")] == [1, None, None, None, "text", None]


@pytest.mark.parametrize(
    ("said", "unit"),
    [
        ("2026-11-26T12:00:00Z", 1),
        ("2026-11-26T13:00:00.000+0100", 1),
        ("2026-11-26T12:00:00", 1),
        (1795694400, 1),
        ("1795694400000", 1000),
    ],
)
def test_a_moment_is_written_in_many_ways(said: str | int, unit: int) -> None:
    assert moment(said, unit) == datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.mark.parametrize("said", ["soon", "", "9" * 400, float("inf"), "-5"])
def test_what_is_no_moment_is_refused(said: str | float) -> None:
    with pytest.raises(Undecodable):
        moment(said)
