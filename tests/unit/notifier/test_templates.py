"""Words come from an operator's templates, from notifications.yml, or from the shipped templates, in the customer's locale."""

import email
import email.policy
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from deploy.local.sampling import Voice, rendered, voice_of
from services.notifier.audience import Contact, Customer
from services.notifier.channels.email.mail import Sender, compose
from services.notifier.channels.outcome import Rendered
from services.notifier.deciding.policy import Policy
from services.notifier.notification import Kind
from services.notifier.wording.books import NONE, Books, books_of
from services.notifier.wording.forms import Event
from services.notifier.wording.texts import Text, Texts
from services.notifier.wording.writing import write
from shared.configuration.files import ConfigError, load
from tests.unit.notifier.builders import ADA, CATALOG, notification, situation

SHIPPED = Path(__file__).parents[3] / "deploy" / "config"
TEXTS = load(SHIPPED / "notifications.yml", Policy).texts
LINK = "https://example.com/u/abc"
GERMAN, AUSTRIAN, FRENCH = (replace(ADA, locale=locale) for locale in ("de", "de-AT", "fr"))


@pytest.fixture(scope="module")
def shipped() -> Books:
    return books_of([SHIPPED], TEXTS)


@pytest.fixture(scope="module")
def voice() -> Voice:
    return voice_of([SHIPPED])


def own(folder: Path, **files: str) -> Books:
    """Returns the templates of an operator with these files beside the shipped ones: `de__opened_txt` is de/opened.txt."""
    for name, text in files.items():
        path = folder / "templates" / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return books_of([folder, SHIPPED], TEXTS)


def told(customer: Customer, books: Books, texts: Texts = TEXTS, channel: str = "email", **also: Any) -> Rendered:
    about = situation(also.pop("about", None), customer=customer, **also)
    return write(about, Contact(channel, "x"), texts, CATALOG, sender="Shop", unsubscribe=LINK, books=books)


# ── whose words ──────────────────────────────────────────────────────────────────────────────


def test_without_templates_all_is_as_it_was() -> None:
    for customer in (ADA, GERMAN):
        message = told(customer, NONE)
        assert (message.locale, message.html) == ("en", None)
        assert message.text.startswith("Hello Ada,\n\nsome of your requests to checkout have failed since 12:59 CET.")


@pytest.mark.parametrize("customer", [GERMAN, AUSTRIAN])
def test_a_customer_reads_their_language(customer: Customer, shipped: Books) -> None:
    message = told(customer, shipped)
    assert message.locale == "de"
    assert message.subject == "checkout: Störung, wir arbeiten daran"
    assert "seit 12:59 MEZ fehlgeschlagen" in message.text
    assert message.text.endswith(f"\n\n-- \nSie erhalten diese Mail, weil sie Sie betrifft. Keine weiteren: {LINK}\n")


def test_a_language_that_has_no_words_reads_the_default(shipped: Books) -> None:
    message = told(FRENCH, shipped)
    assert message.locale == "en"
    assert message.text == told(ADA, shipped).text == told(ADA, NONE).text


def test_the_default_is_what_notifications_yml_says_that_it_is(shipped: Books) -> None:
    german = TEXTS.model_copy(update={"locale": "de", "opened": Text(subject="Störung", body="Hallo"), "symptoms": {}})
    assert [told(each, shipped, german).subject for each in (FRENCH, GERMAN, ADA)] == ["Störung"] * 3


def test_words_that_an_operator_changed_in_notifications_yml_win_over_the_shipped_ones_in_any_locale(shipped: Books) -> None:
    changed = Text(subject="Ours", body="Hello {name}, our words.")
    for update in ({"opened": changed, "symptoms": {}}, {"rules": {"checkout-failing": {"opened": changed}}}):
        texts = Texts.model_validate(TEXTS.model_dump() | update)
        message = told(GERMAN, shipped, texts)
        assert (message.subject, message.locale) == ("Ours", "en")
        assert message.html is not None
        assert "our words." in message.html
        assert told(GERMAN, shipped, texts, about=notification(Kind.DISMISSED)).subject == "checkout: Es war ein Fehlalarm"


def test_a_footer_that_an_operator_changed_stays_too(shipped: Books) -> None:
    texts = TEXTS.model_copy(update={"footer": "Shop Ltd, 1 High Street. Stop: {unsubscribe}"})
    message = told(GERMAN, shipped, texts)
    assert message.text.endswith(f"\n\n-- \nShop Ltd, 1 High Street. Stop: {LINK}\n")
    assert "Shop Ltd, 1 High Street." in (message.html or "")
    assert "-- " not in told(GERMAN, shipped, TEXTS.model_copy(update={"footer": ""})).text


def test_an_operators_template_wins_over_all_and_the_narrower_one_over_the_wider(tmp_path: Path) -> None:
    files = {
        name: f"Subject: {name}\n\nHallo" for name in ("en__opened_txt", "de__opened_txt", "de-AT__opened_txt", "de__opened_slack_txt")
    }
    books = own(tmp_path, **files)
    assert told(ADA, books).subject == told(FRENCH, books).subject == "en__opened_txt"
    assert told(GERMAN, books).subject == "de__opened_txt"
    assert told(AUSTRIAN, books).subject == "de-AT__opened_txt"
    assert told(GERMAN, books, channel="slack").subject == "de__opened_slack_txt"
    assert told(GERMAN, books, about=notification(Kind.DISMISSED)).subject == "checkout: Es war ein Fehlalarm"


def test_a_template_chooses_by_symptom_rule_and_name(tmp_path: Path) -> None:
    text = 'Subject: {% if rule == "checkout-failing" %}Zahlung{% else %}x{% endif %}\n\n{% if name %}Hallo {{ name | upper }}{% endif %}'
    books = own(tmp_path, de__opened_txt=text)
    assert told(GERMAN, books).subject == "Zahlung"
    assert told(GERMAN, books).text.startswith("Hallo ADA\n")
    assert told(replace(GERMAN, name=""), books).text.startswith("\n\n-- \n"), "there is a word of another language for it"


def test_who_has_no_name_is_greeted_without_one_or_by_the_word_of_the_default_language(shipped: Books) -> None:
    nameless = replace(GERMAN, name="")
    assert told(nameless, shipped).text.startswith("Guten Tag,\n")
    assert told(replace(nameless, locale="en"), shipped).text.startswith("Hello there,\n")


def test_a_moment_and_a_number_are_written_for_the_customer(tmp_path: Path) -> None:
    text = 'Subject: {{ started_at | date }}\n\n{{ started_at | datetime("medium") }}, {{ started_at | time }}, {{ count }}'
    books, evidence = own(tmp_path, de__opened_txt=text), {"certainty": "confirmed", "count": 12_345}
    message = told(AUSTRIAN, books, about=notification(evidence=evidence))
    assert message.subject == "24. November 2026"
    assert message.text.startswith("24.11.2026, 12:59:00, 12:59, 12.345\n")


# ── where every character counts ─────────────────────────────────────────────────────────────


def test_an_sms_is_short_and_has_no_footer(shipped: Books) -> None:
    message = told(GERMAN, shipped, channel="sms")
    assert message.text.startswith("Shop: checkout ist seit 12:59 MEZ gestört.")
    assert LINK not in message.text
    assert message.html is None
    assert len(message.text) < 160


def test_without_short_words_it_is_the_subject_in_the_same_language(shipped: Books, tmp_path: Path) -> None:
    assert told(GERMAN, shipped, channel="sms", about=notification(Kind.DISMISSED)).text == "checkout: Es war ein Fehlalarm\n"
    assert told(ADA, NONE, channel="sms").text == "checkout is failing: we are on it\n"
    books = own(tmp_path, en__dismissed_short_txt="english", de__dismissed_sms_txt="Subject: x\n\nnur SMS")
    assert told(GERMAN, books, channel="sms", about=notification(Kind.DISMISSED)).text == "nur SMS\n"


# ── HTML ─────────────────────────────────────────────────────────────────────────────────────


class Seen(HTMLParser):
    """Collects what a page has in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("locale", ["en", "de", "fr"])
def test_each_mail_says_the_same_as_text_and_as_html_with_nothing_from_elsewhere(event: Event, locale: str, voice: Voice) -> None:
    message = rendered(event, replace(ADA, name="Zoë", locale=locale), "email", "failing", voice)
    seen = Seen(message.html or "")
    words = " ".join(seen.words.split())
    for paragraph in message.text.partition("\n\n-- \n")[0].split("\n\n"):
        if "://" not in paragraph:
            assert " ".join(paragraph.split()) in words
    assert message.subject in words
    assert (message.html or "").isascii()
    assert max(map(len, (message.html or "").split("\n"))) <= 998
    names = [tag for tag, _ in seen.tags]
    assert not {"img", "link", "script", "iframe", "form"} & set(names)
    assert "url(" not in (message.html or "")
    assert names.count("h1") == 1
    assert dict(seen.tags)["html"]["lang"] == message.locale
    assert all(each.get("role") == "presentation" or "th" in names for tag, each in seen.tags if tag == "table")
    assert "prefers-color-scheme: dark" in (message.html or "")
    links = [each["href"] or "" for tag, each in seen.tags if tag == "a"]
    assert all(each.startswith("https://shop.example/") for each in links)
    assert (message.unsubscribe in links) == (event is not Event.REPLY)


def test_a_name_or_a_reply_is_no_markup_in_a_page(shipped: Books) -> None:
    reply = notification(
        Kind.REPLY, ticket_id="t", ticket_number=7, subject="<script>1", body="<img src=x onerror=1>\x07\ud800 https://a.example/<b>"
    )
    page = told(GERMAN, shipped, about=reply).html or ""
    assert not {"script", "img", "b"} & {tag for tag, _ in Seen(page).tags}
    assert "&lt;img src=x onerror=1&gt;? " in page


def test_the_mail_has_this_html_and_stays_of_seven_bits(shipped: Books) -> None:
    raw = compose(replace(told(GERMAN, shipped), address="ada@example.org"), Sender("Shop", "support@example.com"))
    part = email.message_from_bytes(raw, policy=email.policy.default).get_body(("html",))
    assert part is not None
    assert part["Content-Transfer-Encoding"] == "7bit"
    assert part.get_content().replace("\r\n", "\n").strip() == (told(GERMAN, shipped).html or "").strip()


def test_an_own_page_of_an_event_wins_over_the_own_layout_and_both_over_the_shipped_ones(tmp_path: Path) -> None:
    books = own(tmp_path, layout_mjml=PAGE.replace("X", "ours"), de__opened_html="<p>{{ component }} {{ paragraphs }}</p>")
    assert (told(GERMAN, books).html or "").startswith("<p>checkout <p>Guten Tag Ada,</p>")
    assert "ours" in (told(GERMAN, books, about=notification(Kind.DISMISSED)).html or "")
    assert "ours" in (told(ADA, books).html or "")


PAGE = "<mjml><mj-body><mj-section><mj-column><mj-text>X {{ paragraphs }}</mj-text></mj-column></mj-section></mj-body></mjml>"


def test_an_own_part_takes_the_place_of_the_shipped_one_in_the_shipped_pages(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "_top.mjml").write_text("<mj-section><mj-column><mj-text>our logo</mj-text></mj-column></mj-section>")
    page = told(GERMAN, books_of([tmp_path, SHIPPED], TEXTS)).html or ""
    assert "our logo" in page
    assert "max-width:600px" in page[page.index("<body") : page.index("our logo")]


def test_what_would_be_too_long_is_said_in_the_next_best_words(shipped: Books, caplog: pytest.LogCaptureFixture) -> None:
    long = notification(Kind.REPLY, ticket_id="t", ticket_number=7, subject="x", body="word " * 21_000)
    message = told(GERMAN, shipped, about=long)
    assert message.text.startswith("Hello Ada,\n\nword word")
    assert message.html is None
    assert caplog.text.count("too long") >= 2
    assert "word word" not in caplog.text


# ── loading ──────────────────────────────────────────────────────────────────────────────────


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        own(tmp_path, de__opened_txt="Subject: x\n\n{{ a }}", de__likely_txt="x", en__layout_mjml="<mjml>")
    assert [line.partition(": ")[0].removeprefix(f"{tmp_path}/templates/") for line in str(error.value).split("\n")] == [
        "de/likely.txt:1",
        "de/opened.txt:3",
        "en/layout.mjml:1",
    ]


def test_a_copy_of_what_is_shipped_says_the_same(tmp_path: Path, shipped: Books) -> None:
    shutil.copytree(SHIPPED / "templates", tmp_path / "templates")
    copied = books_of([tmp_path, SHIPPED], TEXTS)
    for customer in (ADA, GERMAN):
        assert told(customer, copied) == told(customer, shipped)


def test_too_many_or_too_large_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"opened\.txt:1: a template has at most 64,000 octets"):
        own(tmp_path, de__opened_txt="x" * 64_001)
    (tmp_path / "templates" / "de" / "opened.txt").unlink()
    for number in range(1001):
        (tmp_path / "templates" / f"{number}").touch()
    with pytest.raises(ConfigError, match="more than 1,000 files"):
        own(tmp_path)
