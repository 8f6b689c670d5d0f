"""Moments of facts are bounded where they are read: every one in every fact, to the day before 2000 and the day ahead."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.cloudevents import FACT_HEADERS, Reason, Undecodable, read_fact, write_fact
from shared.events import FACT_OF, Fact, FoldedSeries, PartialFolded, TicketSlaWarning
from shared.events.moments import AHEAD, EARLIEST, PROMISED, Moment, reading_at
from tests.builders import NOON, customer

CORPUS = Path(__file__).parents[2] / "contract" / "corpus" / "v1"
SECOND = timedelta(seconds=1)
ABSURD = ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "1999-12-31T23:59:59Z", "2040-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00")

PROMISES = ("due_at", "next_update_at", "estimate")  # these may lie further ahead
AS_IT_STANDS = ("opened_at", "resolved_at", "due_at", "warned_at", "breached_at", "stopped_at", "responded_at")
STATE: dict[str, Any] = dict.fromkeys(AS_IT_STANDS, NOON.isoformat()) | {
    **{"status": "open", "channel": "form", "subject": "", "component": None, "priority": "normal"},
    **{"assignee": None, "incident_id": None},
}

Path_ = tuple[str | int, ...]


def read(value: Any) -> Fact | None:
    return read_fact(json.dumps(value).encode(), FACT_HEADERS, NOON, FACT_OF)


def moments(schema: dict[str, Any], definitions: dict[str, Any]) -> set[str]:
    """Returns the names of all fields of a JSON schema that hold a date with a time."""
    if "$ref" in schema:
        return moments(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    found: set[str] = set()
    for name, field in schema.get("properties", {}).items():
        found |= {name} if "date-time" in json.dumps(field) else moments(field, definitions)
    for inner in (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())):
        found |= moments(inner, definitions)
    return found


def places(said: Any, names: set[str], at: Path_ = ()) -> Iterator[Path_]:
    """Yields where fields of these names are."""
    for key, held in said.items() if isinstance(said, dict) else enumerate(said) if isinstance(said, list) else ():
        if key in names:
            yield *at, key
        else:
            yield from places(held, names, (*at, key))


def replaced(said: Any, at: Path_, by: Any) -> Any:
    copy = json.loads(json.dumps(said))
    held = copy
    for step in at[:-1]:
        held = held[step]
    held[at[-1]] = by
    return copy


def examples(fact: type[Fact]) -> list[dict[str, Any]]:
    """Returns what the corpus has of it, with every field that may be left out."""
    name = fact.model_fields["type"].default.removeprefix("forewarn.").removesuffix(".v1")
    said = [each["value"] for each in json.loads((CORPUS / f"{name}.json").read_text())]
    fields = set(fact.model_fields["data"].annotation.model_fields)  # type: ignore[union-attr]
    optional = {"silent_since", "failing_at", "began_at", "last_at", "acknowledged_at"} & fields
    given: dict[str, Any] = dict.fromkeys(optional, NOON.isoformat())
    if "public" in fields:
        given["public"] = dict.fromkeys(("at", "next_update_at", "estimate"), NOON.isoformat()) | {"words": "", "by": "ada"}
    if "state" in fields:
        given["state"] = STATE
    return [{**each, "data": given | each["data"]} for each in said if isinstance(each, dict)]


def timed() -> list[tuple[type[Fact], str]]:
    found = []
    for fact in FACT_OF.values():
        schema = fact.model_json_schema()
        found += [(fact, name) for name in sorted(moments(schema["properties"]["data"], schema["$defs"]))]
    return found


def test_facts_have_moments_to_be_bounded() -> None:
    assert len(timed()) >= 28


@pytest.mark.parametrize(("fact", "name"), timed(), ids=lambda each: each if isinstance(each, str) else each.__qualname__)
def test_a_moment_that_cannot_be_makes_a_fact_a_dead_letter(fact: type[Fact], name: str) -> None:
    found = [(said, at) for said in examples(fact) for at in places(said["data"], {name}, ("data",))]
    assert found
    for said, at in found:
        assert read(said) is not None
        for absurd in ABSURD if name not in PROMISES else (*ABSURD[:3], ABSURD[4]):
            with pytest.raises(Undecodable) as refused:
                read(replaced(said, at, absurd))
            assert (refused.value.reason, "before 2000" in refused.value.detail) == (Reason.ABSURD_TIME, True)


OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
SHIFTS = st.one_of(st.integers(-3 * 86_400, 3 * 86_400), st.sampled_from([0, 86_400, 86_401, -86_400]))
NOWS = st.datetimes(datetime(2000, 1, 2), datetime(2100, 1, 1), timezones=OFFSETS)  # noqa: DTZ001  hypothesis adds the zone


@given(now=NOWS, shift=SHIFTS, from_now=st.booleans(), offset=OFFSETS)
def test_what_the_moment_is_written_as_does_not_matter(now: datetime, shift: int, from_now: bool, offset: timezone) -> None:
    said = ((now if from_now else EARLIEST) + timedelta(seconds=shift)).astimezone(offset)
    bounded = EARLIEST <= said <= now + AHEAD
    try:
        taken: datetime | None = TypeAdapter(Moment).validate_python(said, context=reading_at(now))
    except ValidationError:
        taken = None
    assert taken == (said if bounded else None)


def warning(due_at: datetime) -> TicketSlaWarning:
    data = TicketSlaWarning.Data(ticket_id="t-1", number=1, customer_id="c-1", clock="first_response", due_at=due_at)
    return TicketSlaWarning.of(data, subject="t-1", at=NOON)


@pytest.mark.parametrize("due_at", [EARLIEST, NOON + PROMISED])
def test_a_promise_may_lie_ten_years_ahead(due_at: datetime) -> None:
    said = warning(due_at)
    assert read(json.loads(write_fact(said))) == said


@pytest.mark.parametrize("due_at", [EARLIEST - SECOND, NOON + PROMISED + SECOND])
def test_and_no_further(due_at: datetime) -> None:
    with pytest.raises(Undecodable, match=r"absurd_time: data\.due_at: before 2000 or more than ten years ahead"):
        read(json.loads(write_fact(warning(due_at))))


def partial(watermark: float, *buckets: tuple[int, int, int, int] | tuple[int, int, int, int, float]) -> dict[str, Any]:
    series = FoldedSeries(rule="r", component="c", partition=0, watermark=watermark, buckets=buckets)
    said: dict[str, Any] = json.loads(write_fact(PartialFolded.of(PartialFolded.Data(series=(series,)), subject="s", at=NOON)))
    return said


NOW, TOO_LATE, TOO_EARLY = NOON.timestamp(), (NOON + AHEAD).timestamp() + 1, EARLIEST.timestamp() - 1


def test_a_partial_is_read_when_its_times_can_be() -> None:
    assert read(partial(NOW, (int(NOW), 1, 0, 0), (int(NOW), 1, 1, 1, 0.0), (int(NOW), 1, 1, 1, NOW))) is not None


@pytest.mark.parametrize("absurd", [TOO_LATE, TOO_EARLY, 0.0, -1e300, 1e300])
def test_a_partial_is_a_dead_letter_when_its_watermark_a_bucket_or_a_first_bad_event_cannot_be(absurd: float) -> None:
    good = (int(NOW), 1, 0, 0)
    told = [partial(absurd, good), partial(NOW, good, (int(absurd), 1, 0, 0))]
    told += [partial(NOW, (int(NOW), 1, 1, 1, absurd))] if absurd else []  # 0: it is not known
    for said in told:
        with pytest.raises(Undecodable) as refused:
            read(said)
        assert refused.value.reason is Reason.ABSURD_TIME


def test_how_far_behind_monitor_reads_is_less_than_a_century() -> None:
    [said, *_] = json.loads((CORPUS / "incident.opened.json").read_text())
    assert read(replaced(said["value"], ("data", "behind_seconds"), 26 * 366 * 86_400)) is not None
    with pytest.raises(Undecodable, match=r"wrong_type: data\.behind_seconds"):
        read(replaced(said["value"], ("data", "behind_seconds"), 1e300))


def test_a_fact_that_is_made_here_is_not_bounded_and_customers_renew_whenever_they_like() -> None:
    said = json.loads(write_fact(customer(renews_at=date.max)))
    assert read(said) is not None
    assert warning(datetime.max.replace(tzinfo=UTC)).data.due_at.year == 9999
