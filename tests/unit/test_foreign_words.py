"""A producer's token does not write to customers: whatever is a component, a title, a name or a subject, no link of theirs is mailed."""

import email
import email.policy
import re
import unicodedata
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.notifier.audience import Contact
from services.notifier.channels.email.mail import compose, sender_of
from services.notifier.deciding.policy import Policy
from services.notifier.incident import IncidentStatus
from services.notifier.notification import Kind
from services.notifier.wording.writing import write
from services.ticketing import incident as ticketing
from services.ticketing.wording.rendering import answer
from shared.catalog import Catalog, Component
from shared.configuration.files import load
from shared.events import IncidentOpened, TicketReplied
from shared.foreign import holds_link, is_name, is_plain_word
from tests.unit.notifier.builders import ADA, NOW, OPEN, notification, situation
from tests.unit.ticketing.builders import WORDS as ANSWERS
from tests.unit.ticketing.builders import a_ticket

CONFIG = Path(__file__).parents[2] / "deploy/config"
WORDS, CATALOG = load(CONFIG / "notifications.yml", Policy), load(CONFIG / "catalog.yml", Catalog)
SHOP = sender_of("Example Shop <support@shop.example>")
OURS = "https://shop.example/u/token"

PHISHING = "Your account is suspended. Sign in at https://evil.example/login to keep it"
LINKS = (
    *(PHISHING, "https://evil.example", "HTTP://EVIL.EXAMPLE", "www.evil", "evil.com", "evil.com/login", "evil.рф", "i❤.ws", "evil。com"),
    *("evil．com", "evil\u200b.com", "ｅｖｉｌ．ｃｏｍ", "evil\u2024com", "evil.c\u0323om", "evil.\u202ecom", "evil.\ncom", "//evil.co"),
    *(
        "mailto:a",
        "tel:+4930",
        "javascript:alert(1)",
        "ada@evil",
        "ada＠evil",
        "+49 30 123 456 78",
        "0900-1234567",
        "192.168.1.1",
        "\\\\evil\\x",
    ),
)
SENTENCES = (
    "Your account is suspended",
    "Call us now!",
    "checkout\r\nBcc: eve",
    "<b>pay</b>",
    "раypal",
    "your-account-is-suspended",
    "a" * 41,
    "pay-0900-1234567",
    "",
)
HOSTILE = st.sampled_from([*LINKS, *SENTENCES]) | st.text(
    st.sampled_from("ab.:/@ wcom-_1\n\r\u200b\u2024。．＠é") | st.characters(codec="utf-8"), max_size=60
)

# Mail programs are known to make links of these; it is not the code's own idea of a link.
AUTOLINKED = re.compile(r"\w+://|\bwww\.\S|@|\bmailto:|\btel:|[^\s.]\.(?:[^\W\d_]{2,}|c\u0323om)|\+?\d[\d ./()-]{7,}\d", re.IGNORECASE)


def is_linked(text: str) -> bool:
    """Says whether a mail program makes a link of some of it, also one that folds full-width letters."""
    return bool(AUTOLINKED.search(text) or AUTOLINKED.search(unicodedata.normalize("NFKC", text)))


def shown(raw: bytes) -> list[str]:
    """Returns everything of a mail that a customer sees, without what is ours: the link to stop, the moment and the sender's address."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    plain, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert page is not None
    html = re.sub(r"</?(?:p|br|a|html|head|body|title|meta|!doctype)\b[^>]*>", " ", page.get_content())
    to = str(mail["To"]).replace("ada@example.org", "")
    assert {key.lower() for key in mail} & {"bcc", "cc", "reply-to"} == set()
    return [str(mail["Subject"]), to, plain.get_content().replace(OURS, ""), html.replace(OURS, "")]


def told(kind: Kind, component: str, title: str, name: str, symptom: str) -> list[str]:
    """Returns the mail that a fact about such an incident makes for such a customer."""
    about = {"incident_id": "i-1", "rule": "r", "severity": "high", "started_at": NOW, "opened_at": NOW, "why": {}}
    fact = IncidentOpened.Data(**about, component=component, title=title)
    status = IncidentStatus.OPEN if kind is Kind.OPENED else IncidentStatus(kind.value)
    incident = replace(OPEN, component=fact.component, title=fact.title, status=status, symptom=symptom)
    at = situation(notification(kind), incident=incident, customer=replace(ADA, name=name))
    message = write(at, Contact("email", "ada@example.org"), WORDS.texts, CATALOG, sender=SHOP.name, unsubscribe=OURS)
    return shown(compose(message, SHOP))


KINDS = [Kind.OPENED, Kind.RESOLVED, Kind.WITHDRAWN, Kind.DISMISSED]


@given(st.sampled_from(KINDS), HOSTILE, HOSTILE, HOSTILE, st.sampled_from(["failing", "slow", "other"]))
@settings(max_examples=50)
@example(Kind.OPENED, PHISHING, PHISHING, PHISHING, "failing")
def test_no_mail_has_a_link_of_somebody_elses(kind: Kind, component: str, title: str, name: str, symptom: str) -> None:
    for template in ("{component} is failing", "{component}", f"{title} of {{component}}", title):
        for text in told(kind, component, template.replace("{component}", component), name, symptom):
            assert not is_linked(text), text


@given(HOSTILE, HOSTILE, HOSTILE)
@example(PHISHING, PHISHING, PHISHING)
def test_no_automatic_answer_has_a_link_of_somebody_elses(component: str, title: str, subject: str) -> None:
    about = {"incident_id": "i-1", "rule": "r", "severity": "high", "started_at": NOW, "opened_at": NOW, "why": {}}
    fact = IncidentOpened.Data(**about, component=component, title=f"{component} is failing")
    ended = ticketing.End(ticketing.Ending.RESOLVED, NOW + timedelta(hours=1), 1)
    for said in (fact.title, title):
        incident = ticketing.Incident("i-1", fact.component, said, NOW)
        ticket = a_ticket(subject=subject)
        over = replace(incident, end=ended)
        for wording in (
            answer(*ANSWERS, ticket, incident),
            answer(*ANSWERS, ticket, over),
        ):
            of_ticket = {"ticket_id": "t-1", "number": 1, "customer_id": "c-1", "reply_id": "r", "kind": "answer", "author": "forewarn"}
            reply = TicketReplied.Data(**of_ticket, subject=wording.subject, body=wording.body, replied_at=NOW)
            assert "\n" not in reply.subject
            for text in (wording.subject, wording.body, reply.subject):
                assert not is_linked(text), text


@pytest.mark.parametrize("component", [*LINKS, *SENTENCES])
def test_a_component_that_is_no_plain_word_is_a_part_of_our_service(component: str) -> None:
    assert not is_plain_word(component)
    assert CATALOG.told(component) == "a part of our service"
    subject, *_ = told(Kind.OPENED, component, f"{component} is failing", "Ada", "failing")
    assert subject in ("a part of our service is failing: we are on it", "is failing: we are on it")


@pytest.mark.parametrize(
    ("component", "name"),
    [
        ("checkout", "Checkout"),
        ("CHECKOUT", "Checkout"),
        ("Kasse", "Checkout"),
        ("eu-west-1", "eu-west-1"),
        ("search_v2", "search_v2"),
        ("job-ab123456", "job-ab123456"),
    ],
)
def test_a_component_has_the_name_that_is_listed_or_a_plain_word_of_its_own(component: str, name: str) -> None:
    assert CATALOG.told(component) == name
    assert CATALOG.title(f"{component} is failing", component) == f"{name} is failing"


def test_a_listed_name_may_be_anything_and_stands_in_a_title_for_whole_words_only() -> None:
    catalog = Catalog(components={"api": Component(name="Our: API"), "GET /pay": Component(name="Payment")}, unnamed="etwas")
    assert catalog.title("api is rapidly failing", "api") == "Our: API is rapidly failing"
    assert catalog.title("GET /pay is failing", "GET /pay") == "Payment is failing"
    assert catalog.title("x y is failing", "x y") == "etwas is failing"
    assert catalog.title("Trouble", "api") == "Trouble"


@pytest.mark.parametrize(
    "name",
    [
        "Ada",
        "Ada Lovelace",
        "Dr. Ada King-Noel, Jr.",
        "J. R. R. Tolkien",
        "Jörg",
        "李小龍",
        "أدا",
        "Zoë O’Neill",
        "Müller & Co. KG",
        "क्षमा",
        "3M",
    ],
)
def test_a_customer_is_greeted_by_name(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *LINKS,
        "Customer. Your account is suspended",
        "Pay now! Ada",
        "Ada\nBcc",
        "Ada 0900 123456",
        "one two three four five six seven",
        "x" * 61,
        "<b>Ada</b>",
        "Ada\u202e",
        "",
    ],
)
def test_a_name_that_may_be_a_sentence_or_an_address_is_not_used(name: str) -> None:
    assert not is_name(name)
    _, to, plain, _ = told(Kind.OPENED, "checkout", "checkout is failing", name, "failing")
    assert to.strip() in ("", "<>")
    assert plain.startswith("Hello there,")


@pytest.mark.parametrize("text", LINKS)
def test_what_a_mail_program_makes_a_link_of_is_one(text: str) -> None:
    assert holds_link(text)
    assert holds_link(f"Hello {text} there")


@pytest.mark.parametrize(
    "text",
    ["Checkout is failing", "It hangs. Why?", "10:30 or 12:15", "v2.1", "a 50% discount", "e.g. this", "Bcc: eve", "and/or", "12 345"],
)
def test_what_no_mail_program_makes_a_link_of_is_none(text: str) -> None:
    assert not holds_link(text)
