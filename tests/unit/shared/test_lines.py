"""Texts that people read on one line are cut where they enter, never refused; ids are refused, never cut."""

import json
import time
import unicodedata
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.ticketing.api.bodies import NewTicket
from shared.cloudevents import Reason, Undecodable, read_fact, write_fact
from shared.events import FACT_OF, CustomerUpdated, Fact, IncidentOpened, RiskRaised, SupportRequested
from shared.events.customers import LONGEST_ID
from shared.events.lines import CUT, cut, one_line
from tests.builders import customer

NOW = datetime(2026, 11, 25, tzinfo=UTC)
FAMILY = "👩\u200d👩\u200d👧\u200d👦"
LONG = ("x", "é", "e\u0301", "漢", "😀", FAMILY, "\u202eabc", "=?utf-8?q?x?=", "\r\nBcc: x", "\u2028", "\ud800", "🇩🇪", "👍🏽", "각")


def read(said: Fact, **data: Any) -> Fact | None:
    """Returns the fact as a reader takes it, with other data."""
    whole = json.loads(write_fact(said))
    return read_fact(json.dumps({**whole, "data": {**whole["data"], **data}}).encode(), (), NOW, FACT_OF)


@given(st.text(), st.integers(1, 60))
def test_a_line_is_short_unbroken_and_can_be_written(text: str, most: int) -> None:
    line = one_line(text, most)
    assert len(line) <= most
    assert not any(unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") for each in line)
    line.encode()


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"])).map(str.strip))
def test_what_fits_stays_as_it_came(text: str) -> None:
    assert one_line(text, max(len(text), 1)) == text


@pytest.mark.parametrize("whole", ["e\u0301", FAMILY, "🇩🇪", "👍🏽", "각", "न\u093f"])
@pytest.mark.parametrize("before", range(8))
def test_what_is_seen_as_one_character_is_not_cut_in_two(whole: str, before: int) -> None:
    shown = cut("x" * before + 20 * whole, 12)
    assert shown.endswith(CUT)
    assert len(shown) <= 12
    assert shown.removesuffix(CUT).lstrip("x").replace(whole, "") == ""


def test_a_letter_with_5000_marks_is_cut_all_the_same() -> None:
    assert len(cut("e" + 5000 * "\u0301", 100)) == 100


@pytest.mark.parametrize("character", LONG, ids=ascii)
def test_a_customers_name_of_5000_characters_is_cut_where_it_enters_and_the_customer_is_known(character: str) -> None:
    fact = read(customer("c-1"), name=character * 5000, locale=character * 5000, timezone=character * 5000)
    assert isinstance(fact, CustomerUpdated)
    assert len(fact.data.name) <= 200
    assert max(len(fact.data.locale), len(fact.data.timezone)) <= 100


@pytest.mark.parametrize("character", [each for each in LONG if each.strip()], ids=ascii)
def test_a_requests_subject_is_cut_over_kafka_and_over_rest(character: str) -> None:
    request = SupportRequested(id="1", source="/form", subject="c-1", time=NOW, data=SupportRequested.Data())
    fact = read(request, subject=character * 5000, channel=character * 5000, component=character * 5000)
    assert isinstance(fact, SupportRequested)
    storable = character.encode(errors="replace").decode()  # what cannot be stored is refused over REST
    ticket = NewTicket(customer_id="c-1", subject=storable * 5000, channel=storable * 5000, component=storable * 5000)
    for said in (fact.data, ticket):
        assert all(size <= most for size, most in ((len(said.subject), 250), (len(said.channel), 100), (len(said.component or ""), 255)))


def test_an_incidents_title_is_cut() -> None:
    about = {"incident_id": "i-1", "rule": "r", "severity": "high", "started_at": NOW, "opened_at": NOW, "why": {}}
    data = IncidentOpened.Data(**about, component="c\r\nBcc: x" + "c" * 5000, title="t" * 5000)
    assert (len(data.component), len(data.title)) == (255, 500)
    assert "\n" not in data.component


def test_a_customer_of_15000_contacts_and_as_many_purposes_is_known_by_the_first_20() -> None:
    fact = read(
        customer("c-1"), contacts=15_000 * [{"channel": "email", "address": "a@b.example"}], consent={str(n): True for n in range(15_000)}
    )
    assert isinstance(fact, CustomerUpdated)
    assert (len(fact.data.contacts), len(fact.data.consent)) == (20, 20)
    assert len(CustomerUpdated.Data(consent={str(n): True for n in range(30)}).consent) == 20


def test_what_is_left_of_a_list_need_not_be_right() -> None:
    fact = read(customer("c-1"), consent={**{str(n): True for n in range(20)}, "21": "perhaps"})
    assert isinstance(fact, CustomerUpdated)


@pytest.mark.parametrize(
    ("customer_id", "fits"), [("c" * 255, True), ("é" * 255, True), ("漢" * 170, True), ("漢" * 171, False), ("😀" * 129, False)]
)
def test_a_customers_id_is_refused_when_no_link_can_name_it_and_is_never_cut(customer_id: str, fits: bool) -> None:
    said = json.dumps({**json.loads(write_fact(customer("c-1"))), "subject": customer_id}).encode()
    if fits:
        fact = read_fact(said, (), NOW, FACT_OF)
        assert fact is not None
        assert fact.subject == customer_id
        assert len(customer_id.encode()) <= LONGEST_ID
    else:
        with pytest.raises(Undecodable, match="subject") as refused:
            read_fact(said, (), NOW, FACT_OF)
        assert refused.value.reason is Reason.WRONG_TYPE


def test_a_reference_that_is_too_long_names_no_ticket() -> None:
    assert SupportRequested.Data.model_validate({"in_reply_to": "1" * 256}).in_reply_to is None
    assert SupportRequested.Data.model_validate({"in_reply_to": "1" * 255}).in_reply_to == "1" * 255
    with pytest.raises(ValidationError, match="customer_id"):
        NewTicket(customer_id="c" * 256)


def test_a_fact_of_20000_fields_that_are_null_is_read_in_linear_time() -> None:
    whole = json.loads(write_fact(SupportRequested(id="1", source="/form", subject="c-1", time=NOW, data=SupportRequested.Data())))
    began = time.process_time()
    for nulls in (20_000, 1):
        risk = {"customer_id": "c-1", "rule": "r", "score": 0.5, "contributions": {str(n): None for n in range(nulls)}}
        fact = read_fact(json.dumps({**whole, "type": "forewarn.risk.raised.v1", "data": risk}).encode(), (), NOW, FACT_OF)
        assert isinstance(fact, RiskRaised)
        assert fact.data.contributions == {}
    assert time.process_time() - began < 2
