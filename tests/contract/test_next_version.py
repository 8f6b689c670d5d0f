"""This version reads the next one's facts: what it may add, leave out or call by a new word is never a dead letter.

The next version's facts are made here from the corpus, by looking at the fields of every fact.
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from deploy.docs.corpus import Example, examples
from shared.cloudevents import Undecodable, read_fact, write_fact
from shared.events import FACT_OF, FACTS, Fact, IncidentImpact

NOW = datetime(2026, 11, 25, tzinfo=UTC)
WORD = "a-word-of-tomorrow"

Path = tuple[int | str, ...]


def fact_of(example: Example) -> Fact:
    fact = read_fact(example.value, example.headers, NOW, FACT_OF)
    assert fact is not None
    return fact


def read(said: dict[str, Any]) -> Fact | None:
    return read_fact(json.dumps(said).encode(), (), NOW, FACT_OF)


ALL = {str(example): fact_of(example) for example in examples() if example.name != "product.event"}
OF_EVERY_FACT = pytest.mark.parametrize("fact", ALL.values(), ids=ALL.keys())


def said_by(fact: Fact) -> dict[str, Any]:
    return dict(json.loads(write_fact(fact)))


def fields(model: type[BaseModel], held: Any, at: Path) -> Iterator[tuple[Path, Any]]:
    """Yields each field of the model and of those in it, as deep as the example goes: where it is, and what the model says of it."""
    for name, field in model.model_fields.items():
        yield (*at, name), field
        for inner in models_in(field.annotation):
            match held[name]:
                case list() as items:
                    yield from (found for number, item in enumerate(items) for found in fields(inner, item, (*at, name, number)))
                case dict() as item:
                    yield from fields(inner, item, (*at, name))


def models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for argument in get_args(annotation) for found in models_in(argument)]


def fields_of(fact: Fact) -> list[tuple[Path, Any]]:
    """Returns the fields of a fact's data; the envelope is CloudEvents' own."""
    return list(fields(type(fact.data), said_by(fact)["data"], ("data",)))


def is_closed(annotation: Any) -> bool:
    if get_origin(annotation) in (Union, UnionType):
        return any(map(is_closed, get_args(annotation)))
    return get_origin(annotation) is Literal


def changed(said: dict[str, Any], at: Path, value: Any) -> dict[str, Any]:
    said = deepcopy(said)
    held: Any = said
    for step in at[:-1]:
        held = held[step]
    held[at[-1]] = value
    return said


def without(said: dict[str, Any], at: Path) -> dict[str, Any]:
    said = deepcopy(said)
    held: Any = said
    for step in at[:-1]:
        held = held[step]
    del held[at[-1]]
    return said


def objects(held: Any, at: Path = ()) -> Iterator[Path]:
    """Yields where there is a JSON object."""
    if isinstance(held, dict):
        yield at
        yield from (found for name, inner in held.items() for found in objects(inner, (*at, name)))
    if isinstance(held, list):
        yield from (found for number, inner in enumerate(held) for found in objects(inner, (*at, number)))


@OF_EVERY_FACT
class TestThisVersionReadsTheNextOnesFacts:
    def test_with_an_unknown_word_in_a_closed_field_it_is_unknown_or_loses_that_item_of_a_list(self, fact: Fact) -> None:
        said = said_by(fact)
        for at, field in fields_of(fact):
            if is_closed(field.annotation):
                later = read(changed(said, at, WORD))
                numbers = [place for place, step in enumerate(at) if isinstance(step, int)]
                assert later == (read(without(said, at[: numbers[-1] + 1])) if numbers else None), at

    def test_with_more_fields_anywhere_it_is_the_same(self, fact: Fact) -> None:
        said = said_by(fact)
        known = {at for at, _ in fields_of(fact)}
        for at in objects(said):
            if at in ((), ("data",)) or at in {path[:-1] for path in known}:  # elsewhere any name is data
                assert read(changed(said, (*at, "later"), {"nested": [1, None]})) == fact, at

    def test_with_null_for_a_field_that_has_a_default_it_has_that_default(self, fact: Fact) -> None:
        said = said_by(fact)
        for at, field in fields_of(fact):
            if not field.is_required():
                assert read(changed(said, at, None)) == read(without(said, at)), at

    def test_with_all_of_that_at_once_it_is_never_undecodable(self, fact: Fact) -> None:
        said = {**said_by(fact), "later": "1"}
        for at, field in fields_of(fact):
            if is_closed(field.annotation):
                said = changed(said, at, WORD)
            elif not field.is_required() and not models_in(field.annotation):
                said = changed(said, at, None)
        read(said)


def test_the_next_version_is_tried_on_every_fact_there_is() -> None:
    assert {type(fact) for fact in ALL.values()} == {fact for facts in FACTS.values() for fact in facts}


def test_closed_words_are_found_at_the_top_and_in_lists() -> None:
    found = {
        (type(fact).__name__, ".".join(str(step) for step in at))
        for fact in ALL.values()
        for at, field in fields_of(fact)
        if is_closed(field.annotation)
    }
    assert {
        ("IncidentOpened", "data.severity"),
        ("IncidentImpact", "data.customers.0.certainty"),
        ("IncidentSplit", "data.customers.0.certainty"),
        ("NotificationDelivered", "data.kind"),
        ("TicketOpened", "data.priority"),
        ("TicketSlaWarning", "data.clock"),
        ("NotificationEngaged", "data.action"),
    } <= found


def closed_words(schema: Any) -> int:
    """Returns how many fields of a JSON Schema, and of what it refers to, take only words that it lists."""
    match schema:
        case dict():
            return ("enum" in schema) + sum(map(closed_words, schema.values()))
        case list():
            return sum(map(closed_words, schema))
        case _:
            return 0


@pytest.mark.parametrize("fact", FACT_OF.values(), ids=FACT_OF)
def test_no_fact_has_a_closed_word_in_a_place_that_is_not_tried(fact: type[Fact]) -> None:
    """It is refused as an item of a list, as a key of an object and as an enumeration."""
    data = fact.model_fields["data"].annotation
    assert data is not None
    example = next(each for each in ALL.values() if type(each) is fact)
    tried = {tuple(step for step in at if isinstance(step, str)) for at, field in fields_of(example) if is_closed(field.annotation)}
    assert closed_words(data.model_json_schema()) == len(tried)


def test_one_customer_with_an_unknown_certainty_takes_no_other_out_of_an_impact() -> None:
    said = said_by(next(fact for fact in ALL.values() if isinstance(fact, IncidentImpact)))
    [first, *_] = said["data"]["customers"]
    said["data"]["customers"] = [{**first, "customer_id": f"c-{n}", "certainty": WORD if n % 3 else "likely"} for n in range(500)]
    fact = read(said)
    assert isinstance(fact, IncidentImpact)
    assert [each.customer_id for each in fact.data.customers] == [f"c-{n}" for n in range(0, 500, 3)]


@pytest.mark.parametrize("wrong", [{"notification_id": 7}, {"delivered_at": "yesterday"}, {"channel": ["email"]}])
def test_an_unknown_word_excuses_nothing_else_that_is_wrong(wrong: dict[str, Any]) -> None:
    said = said_by(next(fact for name, fact in ALL.items() if "notification.delivered" in name))
    with pytest.raises(Undecodable, match=f"wrong_type: data.{next(iter(wrong))}: "):
        read({**said, "data": {**said["data"], "kind": WORD, **wrong}})


def test_null_for_a_field_that_is_needed_is_still_wrong() -> None:
    said = said_by(next(fact for name, fact in ALL.items() if "notification.delivered" in name))
    with pytest.raises(Undecodable, match=r"wrong_type: data\.kind: missing"):
        read(changed(said, ("data", "kind"), None))
