"""No text holds up the event loop: each step that text goes through ends soon, whatever the text is and however long it may be."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.notifier.audience import Contact, Customer, contact_for, trimmed
from services.notifier.channels.email.mail import compose, sender_of
from services.notifier.notification import Kind
from services.notifier.wording.writing import write
from services.ticketing.api.bodies import NewTicket
from services.ticketing.matching.match import match
from services.ticketing.wording.rendering import answer
from services.ticketing.wording.subject import bare, is_reply
from shared.catalog import Catalog
from shared.cloudevents import MAX_BYTES, Undecodable, read_fact, write_fact
from shared.configuration.files import load
from shared.events import FACT_OF, CustomerUpdated, Fact, SupportRequested
from shared.events.lines import one_line
from shared.foreign import holds_link, is_name
from tests.builders import customer
from tests.unit.notifier.builders import ADA, NOW, OPEN, POLICY, notification, situation
from tests.unit.ticketing.builders import CONFIGURATION, WORDS, a_ticket, an_incident, evidence

CATALOG = load(Path(__file__).parents[2] / "deploy/config/catalog.yml", Catalog)
SHOP = sender_of("Shop <support@shop.example>")
AT_MOST = 0.5  # seconds of CPU; ten times what is aimed at, since machines differ. What was quadratic took a minute

HOSTILE = {
    "letters": "x",
    "marks on one letter": "\u0301",
    "an ideogram": "漢",
    "a family": "👩\u200d👩\u200d👧\u200d👦",
    "flags": "🇩🇪",
    "right to left": "\u202eא",
    "a ligature that is 18 letters": "\ufdfa",
    "half a character": "\ud800",
    "nothing": "\0",
    "line ends": "\r\n",
    "paragraphs": "\n\n",
    "spaces": " ",
    "spaces that are none": "\u200b",
    "an encoded word": "=?utf-8?b?eA==?= ",
    "markup": "<\"'&>",
    "links": "http://a.b ",
    "half a link": "http://",
    "at": "a@",
    "dots": "a.",
    "digits": "1 ",
    "replies": "re: ",
    "half a reply": "re ( ",
    "ticket numbers": "[#1",
    "commas": ", ",
    "quotations": "\n> on x wrote wrote",
    "no": "not ",
    "a name that is mistyped": "checkouk ",
    "trouble": "fail ",
    "brackets": "[",
    "braces": "{",
}


def is_quick(step: Callable[[], object]) -> None:
    began = time.process_time()
    step()
    assert time.process_time() - began < AT_MOST


def long(text: str, octets: int = MAX_BYTES) -> str:
    """Returns as much of the text as a message may hold."""
    return text * (octets // len(text.encode("utf-8", "replace")))


def read(fact: Fact, **data: Any) -> Fact | None:
    """Returns the fact with other data, as it is read from a record."""
    whole = json.loads(write_fact(fact))
    said = json.dumps({**whole, "data": {**whole["data"], **data}}, ensure_ascii=False).encode("utf-8", "replace")
    return read_fact(said, (), NOW, FACT_OF)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
class TestAText:
    def test_is_read_soon(self, text: str) -> None:
        words = long(text, MAX_BYTES // 8)
        request = SupportRequested(id="1", source="/form", subject="c-1", time=NOW, data=SupportRequested.Data())

        def reading() -> None:
            for fact, data in ((customer("c-1"), {"name": words, "timezone": words}), (request, {"subject": words, "body": words})):
                with suppress(Undecodable):  # for U+0000, or because it is larger as JSON
                    read(fact, **data)

        is_quick(reading)

    def test_is_cut_to_a_line_soon(self, text: str) -> None:
        is_quick(lambda: one_line(long(text), 250))

    def test_of_a_customer_is_judged_soon(self, text: str) -> None:
        is_quick(lambda: (is_name(long(text, 1000)), holds_link(long(text, 1000)), CATALOG.title(long(text, 500), long(text, 255))))

    def test_is_mailed_soon(self, text: str) -> None:
        words = long(text)
        reply = notification(Kind.REPLY, ticket_id="t-1", ticket_number=7, subject=words, body=words)
        incident, known = replace(OPEN, title=words, component=words[:255]), replace(ADA, name=words, timezone=words)

        def mailing() -> None:
            for about in (reply, notification()):
                at = situation(about, incident=incident, customer=known)
                message = write(at, ADA.contacts[0], POLICY.texts, CATALOG, sender="Shop", unsubscribe="https://shop.example/u/t")
                raw = compose(message, SHOP)
                assert max(map(len, raw.split(b"\r\n"))) <= 998

        is_quick(mailing)

    def test_is_an_address_or_none_soon(self, text: str) -> None:
        addresses = (
            long(text, 320)[:320],
            f"a@{long(text, 252)[:252]}",
            f"a@{long(f'{text}.', 252)[:252]}",
            f"a@{long(f'é{text}.', 252)[:252]}",
        )
        known = Customer("c-1", contacts=tuple(Contact("email", trimmed(each), "member") for each in 5 * addresses))
        is_quick(lambda: contact_for(known))

    def test_of_a_ticket_is_matched_soon(self, text: str) -> None:
        ticket, body = a_ticket(subject=long(text, 250)), long(text, 100_000)
        windows = CONFIGURATION.support.linking.windows
        is_quick(lambda: match(ticket, body, [(an_incident(), evidence())], windows, CATALOG))
        is_quick(
            lambda: (
                is_reply(ticket.subject),
                bare(ticket.subject),
                answer(*WORDS, ticket, an_incident()),
            )
        )

    def test_over_rest_is_taken_soon(self, text: str) -> None:
        storable = long(text, MAX_BYTES // 2).encode(errors="replace").decode().replace("\0", " ")
        is_quick(lambda: NewTicket(customer_id="c-1", subject=storable, channel=f"x{storable}", component=f"x{storable}"))


def test_a_customer_of_any_number_of_contacts_is_reached_soon() -> None:
    [address] = [f"a@{long('é.', 252)[:200]}"]
    fact = read(customer("c-1"), contacts=3000 * [{"channel": "email", "address": address}])
    assert isinstance(fact, CustomerUpdated)
    contacts = tuple(Contact(each.channel, each.address, each.role) for each in fact.data.contacts)
    is_quick(lambda: contact_for(Customer("c-1", contacts=contacts)))
