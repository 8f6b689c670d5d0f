"""Words made once for all who read them are, to the letter, those that each would have got alone."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.local.sampling import ADA, Voice, situation_of, voice_of
from services.notifier.audience import Contact
from services.notifier.channels.outcome import Rendered
from services.notifier.permission import Permission
from services.notifier.situation import Situation
from services.notifier.wording import merging
from services.notifier.wording.forms import Event
from services.notifier.wording.language import TEXT_FIELDS, Unsayable, compiled
from services.notifier.wording.merging import LONG, SHORT, Writer
from services.notifier.wording.texts import Text
from services.notifier.wording.writing import write
from shared.foreign import NAME, is_name

SHIPPED = Path(__file__).parents[3] / "deploy" / "config"
LINK = "https://shop.example/u/{}?a=1&b=2"
NO_LINK = "https://shop.example/u?a=<b>."
CHANNELS = ("email", "sms", "slack")
VOICE = voice_of([SHIPPED])
NAMES = st.text(st.sampled_from("abÖß (’&'·) .,-\u200c山é1"), max_size=60) | st.text(max_size=20)


def alone(voice: Voice, situation: Situation, channel: str, link: str) -> Rendered:
    given = voice.policy.texts, voice.catalog
    return write(situation, Contact(channel, "x"), *given, sender="Shop", unsubscribe=link, earlier=("n-0",), books=voice.books)


def merged(writer: Writer, situation: Situation, channel: str, link: str) -> Rendered:
    return writer.write(situation, Contact(channel, "x"), link, ("n-0",))


def writer_of(voice: Voice) -> Writer:
    return Writer(voice.policy.texts, voice.catalog, "Shop", voice.books)


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("event", Event)
def test_each_customer_reads_what_they_would_alone(event: Event, channel: str) -> None:
    writer = writer_of(VOICE)
    for number, name in enumerate(("Ada Lovelace", "", "Jörg O’Hara & Söhne", "<b>", " padded ", "\u5c71\u7530", "Zq1xVw9j")):
        for locale in ("en", "de-AT", "fr"):
            about = situation_of(event, replace(ADA, name=name, locale=locale), "failing", VOICE.catalog)
            link = LINK.format("x" * number * 40)
            for each in (link, NO_LINK):
                assert merged(writer, about, channel, each) == alone(VOICE, about, channel, each)


@settings(max_examples=60)
@given(name=NAMES, link=st.text(st.characters(categories=["L", "N"]), max_size=300).map(LINK.format), more=NAMES.filter(is_name))
def test_whatever_they_are_called_and_whatever_they_are_sent(name: str, link: str, more: str) -> None:
    writer = writer_of(VOICE)
    for called in (more, name):
        about = situation_of(Event.OPENED, replace(ADA, name=called), "failing", VOICE.catalog)
        assert merged(writer, about, "email", link) == alone(VOICE, about, "email", link)


def test_both_readers_could_be_customers() -> None:
    assert is_name(SHORT.name)
    assert is_name(LONG.name)
    assert len(LONG.name) == NAME


def test_the_words_of_an_incident_are_made_once_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Situation] = []

    def counted(situation: Situation, *args: object, **named: object) -> Rendered:
        made.append(situation)
        return write(situation, *args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(merging, "write", counted)
    writer = writer_of(VOICE)
    for number in range(50):
        who = replace(ADA, id=f"c-{number}", name=("Ada", "Grace Hopper", "Jörg Müller")[number % 3], locale=("en", "de")[number % 2])
        merged(writer, situation_of(Event.OPENED, who, "failing", VOICE.catalog), "email", LINK.format(number))
    assert len(made) == 2 * 2, "twice in each language"


@pytest.mark.parametrize(
    "words",
    [
        Text(subject="Hello", body="https://shop.example/{name}/orders"),
        Text(subject="{name} " * 12, body="a subject that is cut where the name is long"),
        Text(subject="Zq1xVw9j", body="https://q.invalid/Zq1xVw8k and {unsubscribe}"),
    ],
    ids=["a name in a link", "a name that is cut", "words that look like our own"],
)
def test_where_words_hang_on_who_reads_them_each_gets_their_own(words: Text) -> None:
    writer = writer_of(VOICE)
    for name in ("Ada", "Grace Brewster Murray Hopper of the United States Navy"):
        about = situation_of(Event.OPENED, replace(ADA, name=name), "failing", VOICE.catalog)
        about = replace(about, permission=Permission(words=words))
        assert merged(writer, about, "email", LINK.format(1)) == alone(VOICE, about, "email", LINK.format(1))


@pytest.mark.parametrize("asked", ["{% if name == 'Ada' %}Dear{% endif %}", "{{ 'x' if unsubscribe > 'a' else 'y' }}"])
def test_a_template_that_compares_names_is_refused(asked: str) -> None:
    with pytest.raises(Unsayable, match="words are the same for all who read them"):
        compiled(asked, TEXT_FIELDS, html=False)
