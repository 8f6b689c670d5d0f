"""Every fact has an id that says what it is, a cause that is counted, and a type that no other has."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.events import (
    ANY_FACT,
    FACT_OF,
    FACTS,
    HOP_LIMIT,
    TOPIC_OF,
    Contact,
    CustomerErased,
    CustomerUpdated,
    Fact,
    RiskRaised,
    Topic,
    identity,
)
from shared.events.envelope import NAMESPACE

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def erased(subject: str = "c-17", unique: object = "", cause: Fact | str | None = None) -> CustomerErased:
    return CustomerErased.of(CustomerErased.Data(), subject=subject, at=NOW, unique=unique, cause=cause)


def every_fact(of: type[Fact]) -> set[type[Fact]]:
    return {found for cls in of.__subclasses__() for found in {cls, *every_fact(cls)}}


def integers(schema: object) -> Iterator[dict[str, Any]]:
    """Yields every integer that a JSON Schema speaks of."""
    if isinstance(schema, dict):
        if schema.get("type") == "integer" and schema.get("description") != "seconds since the epoch":  # times have bounds of their own
            yield schema
        for held in schema.values():
            yield from integers(held)
    elif isinstance(schema, list):
        for held in schema:
            yield from integers(held)


class TestAnId:
    def test_is_the_same_for_the_same_parts_for_ever(self) -> None:
        assert identity("incident", "checkout", 3) == identity("incident", "checkout", "3") == "e82cb8e2-e95e-542e-b3a6-eb086443ab03"

    def test_tells_apart_what_only_looks_alike_when_joined(self) -> None:
        assert identity("ab", "c") != identity("a", "bc")

    @given(st.lists(st.text() | st.integers(), max_size=4))
    def test_is_the_uuid_of_version_5_that_the_standard_library_makes(self, parts: list[object]) -> None:
        assert identity(*parts) == str(uuid5(NAMESPACE, "\x1f".join(map(str, parts))))

    def test_of_a_fact_says_its_type_its_subject_and_what_is_unique(self) -> None:
        assert erased().id == erased(cause="another cause").id
        assert len({erased().id, erased("c-18").id, erased(unique=2).id}) == 3


class TestAFact:
    def test_follows_from_its_cause_one_hop_further(self) -> None:
        first = erased(cause="an event of theirs")
        second = erased(cause=first)
        assert (first.causationid, first.hops) == ("an event of theirs", 0)
        assert (second.causationid, second.hops) == (first.id, 1)
        assert (erased().causationid, erased().hops) == (None, 0)

    def test_can_be_said_above_the_hop_limit_since_it_is_the_reader_that_refuses_a_loop(self) -> None:
        fact = erased()
        for _ in range(HOP_LIMIT + 1):
            fact = erased(cause=fact)
        assert fact.hops == HOP_LIMIT + 1

    def test_names_the_part_of_forewarn_it_comes_from(self) -> None:
        assert erased().source == "/forewarn/customer"

    def test_cannot_be_changed(self) -> None:
        with pytest.raises(ValidationError, match="frozen"):
            erased().subject = "c-18"  # type: ignore[misc]

    @pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
    def test_holds_no_number_that_json_cannot_say(self, number: float) -> None:
        with pytest.raises(ValidationError, match="finite_number"):
            CustomerUpdated.Data(revenue=number)

    @pytest.mark.parametrize(("score", "fits"), [(0, True), (1, True), (-0.01, False), (1.01, False)])
    def test_keeps_its_bounds(self, score: float, fits: bool) -> None:
        if fits:
            RiskRaised.Data(customer_id="c-17", rule="r", score=score)
        else:
            with pytest.raises(ValidationError, match="score"):
                RiskRaised.Data(customer_id="c-17", rule="r", score=score)

    @pytest.mark.parametrize("fact", FACT_OF.values(), ids=lambda fact: fact.__name__)
    def test_has_no_integer_that_a_store_cannot_hold(self, fact: type[Fact]) -> None:
        assert [each for each in integers(fact.model_json_schema()) if abs(each.get("maximum", 1 << 99)) > 1 << 53] == []

    def test_about_a_contact_without_an_address_is_none(self) -> None:
        with pytest.raises(ValidationError, match="address"):
            Contact(channel="email", address="")


class TestTheList:
    def test_has_every_fact_there_is_on_one_topic(self) -> None:
        listed = [fact for facts in FACTS.values() for fact in facts]
        assert len(listed) == len(set(listed)) == len(FACT_OF) == len(TOPIC_OF)
        assert set(listed) == every_fact(Fact)

    def test_has_facts_for_every_topic_but_the_products(self) -> None:
        assert set(FACTS) == set(Topic) - {Topic.PRODUCT_EVENTS}

    @pytest.mark.parametrize(("type_", "fact"), FACT_OF.items())
    def test_names_facts_as_their_classes(self, type_: str, fact: type[Fact]) -> None:
        words = re.findall("[A-Z][a-z]+", fact.__name__)
        assert type_ == f"forewarn.{words[0].lower()}.{'_'.join(words[1:]).lower()}.v1"

    def test_is_a_union_told_apart_by_type(self) -> None:
        fact = erased()
        assert ANY_FACT.validate_python(fact.model_dump()) == fact
        with pytest.raises(ValidationError, match="union_tag_invalid"):
            ANY_FACT.validate_python({**fact.model_dump(), "type": "forewarn.customer.erased.v2"})
