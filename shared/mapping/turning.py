"""Turns a row into the events its mapping says, as the bytes Kafka takes; or refuses it, with a reason. Reads nothing, sends nothing.

What a row is, and how a name is read from it, the caller says: a line of a file has columns, a record of a topic has paths.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec

from shared.cloudevents import Undecodable, read_event, read_fact
from shared.events import FACT_OF
from shared.mapping.model import Condition, Emitted, Place, Time, Value, names_in
from shared.mapping.values import as_text, parser, steps_of, test_of

REMEMBERED = 1_000_000  # keys of rows that were the first of theirs; an older one would be sent again, with the same id

Row = Any  # the caller's
Read = Callable[[Row], Any]  # returns None when there is nothing
Test = Callable[[Row], bool]

_encode = msgspec.json.Encoder().encode


class Reason(StrEnum):
    """Says why a row that could be read becomes no event; beside these, the reasons of dead letters."""

    NO_TIME = "no_time"  # none there, or it fits none of the formats
    NO_IDENTITY = "no_identity"  # no id, no source, or no subject where the type needs one
    WRONG_VALUE = "wrong_value"  # it cannot be converted as the mapping says
    NOT_TEXT = "not_text"  # bytes that are not in the file's encoding


class Misfit(Exception):
    """This row cannot become this event. `where` names a place of the mapping; `said` may quote the row."""

    def __init__(self, reason: str, where: str, said: object) -> None:
        super().__init__(f"{reason}: {where}: {said}")
        self.reason, self.where, self.detail = reason, where, f"{where}: {said}"


class Ready(msgspec.Struct, frozen=True, gc=False):
    """Is an event, as Kafka takes it."""

    at: datetime
    topic: str
    key: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """Is a row that became no event, although it should have."""

    reason: str
    where: str  # names fields, never what they hold
    detail: str  # may quote the row


class _Written(msgspec.Struct, frozen=True, gc=False, tag_field="specversion", tag="1.0"):
    """Is an event, as it is written."""

    id: str
    source: str
    type: str
    time: str
    data: dict[str, Any]
    subject: str | msgspec.UnsetType


class Turning:
    """Turns rows by a mapping, and remembers which rows were the first of theirs."""

    def __init__(
        self,
        time: Time | Callable[[Row], datetime],
        events: Iterable[Emitted],
        place: Place,
        reader: Callable[[str], Read],
        missing: Iterable[str] | None = (),
    ) -> None:
        """Takes as `reader` what makes a function of a name that reads it from a row; `missing` are texts that mean nothing is there.

        An empty text is always one of them. None: what the reader makes returns None for such texts itself.
        """
        self.columns: set[str] = set()
        self.place, self._reader, self._missing = place, reader, None if missing is None else frozenset(missing) | {""}
        self._time = self._moment(time) if isinstance(time, Time) else time
        self._events = [_Event(self, each) for each in events]
        self.columns -= place.own

    def turn(self, row: Row, now: datetime) -> list[Ready | Refused]:
        """Returns what becomes of the row; nothing when the mapping leaves it out. `now`: the wall clock, to refuse impossible times."""
        results: list[Ready | Refused] = []
        for event in self._events:
            try:
                if (ready := event.of(row, self._time, now)) is not None:
                    results.append(ready)
            except Misfit as error:
                results.append(Refused(error.reason, error.where, error.detail))
            except Undecodable as error:
                results.append(Refused(error.reason, error.detail, error.detail))
            except UnicodeEncodeError:
                results.append(Refused(Reason.NOT_TEXT, *["bytes that are not in the file's encoding"] * 2))
        return results

    # ── the mapping as functions of a row ────────────────────────────────────────────────────

    def column(self, name: str) -> Read:
        self.columns.add(name)
        read, missing = self._reader(name), self._missing
        if missing is None:
            return read

        def present(row: Row) -> Any:
            held = read(row)
            return None if isinstance(held, str) and held in missing else held

        return present

    def first_of(self, templates: Sequence[str]) -> Read:
        """Makes a function that returns the first of the texts whose columns all say something."""
        reads = [self._template(text) for text in templates]
        if len(reads) == 1:
            return reads[0]
        return lambda row: next((said for read in reads if (said := read(row)) is not None), None)

    def _template(self, text: str) -> Read:
        pieces = [(before, self.column(name) if name is not None else None) for before, name in names_in(text)]
        match pieces:
            case [("", read)] if read is not None:
                return read  # a template of one column alone keeps the column's JSON type
        reads = [read for _, read in pieces if read is not None]
        layout = "".join(before.replace("%", "%%") + ("%s" if read else "") for before, read in pieces)
        if not reads:
            return _always("".join(before for before, _ in pieces))

        def fill(row: Row) -> str | None:
            parts = []
            for read in reads:
                if (said := read(row)) is None:
                    return None
                parts.append(said if type(said) is str else _as_text(said, text))
            return layout % tuple(parts)

        return fill

    def text_of(self, templates: Sequence[str]) -> Callable[[Row], str | None]:
        """Makes the same where only a text will do."""
        read, said = self.first_of(templates), " or ".join(templates)

        def text(row: Row) -> str | None:
            held = read(row)
            return held if held is None or type(held) is str else _as_text(held, said)

        return text

    def _moment(self, time: Time) -> Callable[[Row], datetime]:
        read, zone = self.first_of([time.from_]), time.timezone
        parsers = [parser(each) for each in time.formats]

        def moment(row: Row) -> datetime:
            said = read(row)
            for parse in parsers if said is not None else ():
                try:
                    at = parse(said)
                    return at if at.tzinfo is UTC else (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
                except (ValueError, OverflowError, OSError):
                    continue
            raise Misfit(Reason.NO_TIME, time.from_, "nothing there" if said is None else f"{said!r} fits no format")

        return moment

    def node(self, said: Any, path: str) -> Read:
        """Makes a function for anything in `data`; what is not there is left out."""
        match said:
            case Value():
                return self._value(said, path)
            case dict():
                fields = [(name, self.node(each, f"{path}.{name}")) for name, each in said.items()]
                return lambda row: {name: held for name, read in fields if (held := read(row)) is not None}
            case list():
                reads = [self.node(each, f"{path}.{at}") for at, each in enumerate(said)]
                return lambda row: [held for read in reads if (held := read(row)) is not None]
            case str():
                return self._template(said)
            case _:
                return _always(said)

    def _value(self, value: Value, path: str) -> Read:
        read, steps, default = self.first_of(value.from_), list(steps_of(value)), value.default

        def taken(row: Row) -> Any:
            held = read(row)
            for step in steps:
                if held is None:
                    break
                try:
                    held = step(held)
                except UnicodeEncodeError:
                    raise  # it is a ValueError too, but `turn` reports it as not text
                except ValueError as error:
                    raise Misfit(Reason.WRONG_VALUE, path, error) from None
            return default if held is None else held

        return taken

    def test(self, condition: Condition) -> Test:
        tests = [(self.column(name), test_of(wanted)) for name, wanted in condition.items()]
        if len(tests) == 1:
            [(only, passes)] = tests
            return lambda row: passes(only(row))

        def holds(row: Row) -> bool:
            for read, test in tests:  # noqa: SIM110  a generator costs more than the tests
                if not test(read(row)):
                    return False
            return True

        return holds


class _Event:
    """Is one event of the mapping, ready to be made of rows."""

    def __init__(self, turning: Turning, emitted: Emitted) -> None:
        self._type, self._topic, self._is_fact = emitted.type, emitted.topic, emitted.type in FACT_OF
        self._passes = turning.test(emitted.when)
        self._once = turning.text_of(emitted.once) if emitted.once else None
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._id = turning.text_of(emitted.id or turning.place.id)
        self._source = turning.text_of(emitted.source or turning.place.source)
        self._subject = turning.text_of(emitted.subject) if emitted.subject else None
        self._data = turning.node(emitted.data, "data")

    def of(self, row: Row, moment: Callable[[Row], datetime], now: datetime) -> Ready | None:
        """Returns the event; None when the row is not meant. Raises Misfit, or Undecodable for what would be a dead letter."""
        if not self._passes(row):
            return None
        first = self._once(row) if self._once else None
        if first is not None and first in self._seen:
            return None
        ready = self._made(row, moment(row), now)
        if first is not None:
            self._seen[first] = None
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
        return ready

    def _made(self, row: Row, at: datetime, now: datetime) -> Ready:
        id_, source, data = self._id(row), self._source(row), self._data(row)
        subject = self._subject(row) if self._subject else None
        if id_ is None or source is None or (subject is None and self._is_fact):
            raise Misfit(Reason.NO_IDENTITY, "id, source or subject", "nothing there")
        said = msgspec.UNSET if subject is None else subject
        value = _encode(_Written(id_, source, self._type, _iso(at), data, said))
        _check(value, self._is_fact, now)
        return Ready(at, self._topic, _key_of(subject, data, source).encode(), value)


def _iso(at: datetime) -> str:
    """Returns what isoformat does, of a time in UTC for a fifth of what that costs."""
    return _encode(at)[1:-2].decode() + "+00:00" if at.tzinfo is UTC else at.isoformat()


def _always(said: Any) -> Read:
    return lambda row: said  # noqa: ARG005


def _key_of(subject: str | None, data: dict[str, Any], source: str) -> str:
    """Returns the record's key: the customer, else the component, else the source."""
    component = data.get("component")
    return subject or (as_text(component) if component and not isinstance(component, dict | list) else source)


def _as_text(held: Any, template: str) -> str:
    """Returns the value as text. Raises Misfit with the template for what is no text."""
    try:
        return as_text(held)
    except ValueError as error:
        raise Misfit(Reason.WRONG_VALUE, template, error) from None


def _check(value: bytes, is_fact: bool, now: datetime) -> None:
    """Reads the event as its readers will. Raises Undecodable: what would be a dead letter there is refused here."""
    if is_fact:
        read_fact(value, (), now, FACT_OF)
    else:
        read_event(value, (), now)
