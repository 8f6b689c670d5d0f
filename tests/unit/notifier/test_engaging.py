"""What mails hold of links that say how they are used: only what is allowed, and only links that stood there."""

import re
from dataclasses import replace
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.sampling import voice_of
from services.notifier.audience import Contact
from services.notifier.channels.outcome import Rendered
from services.notifier.links import Links, Use, What
from services.notifier.notification import Kind
from services.notifier.wording.engaging import LONGEST, NOTHING, Engagement, Engaging
from services.notifier.wording.merging import Writer
from services.notifier.wording.sealing import NOBODY
from tests.unit.notifier.builders import ADA, CATALOG, OVER, notification, situation
from tests.unit.notifier.test_templates import SHIPPED

LINKS = Links("https://notify.example.com", "a secret")
STOP = "https://notify.example.com/u/abc"
VOICE = voice_of([SHIPPED])
HREF = re.compile(r'href="([^"]+)"')
ALL = Engagement(opens=True, clicks=True)
GUIDE = notification(Kind.GUIDANCE, incident_id=None, evidence={"article": "https://shop.example/help?a=1&b=2", "rule": "stuck"})


def told(policy: Engagement, about: object = None, channel: str = "email", locale: str = "en") -> Rendered:
    said = situation(about or notification(Kind.RESOLVED), incident=OVER, customer=replace(ADA, locale=locale))  # type: ignore[arg-type]
    writer = Writer(VOICE.policy.texts, CATALOG, "Shop", VOICE.books, Engaging(policy, LINKS))
    return writer.write(said, Contact(channel, "x"), STOP)


def uses(message: Rendered, what: What) -> list[Use]:
    found = re.findall(r"https://notify\.example\.com/(\w)/([\w.-]+)", unescape(message.html or "") + message.text)
    return [use for _, token in found if (use := LINKS.use_of(token, what)) is not None]


def test_as_shipped_nothing_counts_opening_or_clicks_and_all_clears_ask_whether_they_helped() -> None:
    policy = VOICE.policy.engagement
    assert (policy.opens, policy.clicks, policy.helped) == (False, False, True)
    message = told(policy)
    assert "<img" not in (message.html or "")
    assert uses(message, What.HELPED) == [Use(What.HELPED, "n-1")] * 2
    body, _, footer = message.text.rpartition("Did this help you? Say yes or no: https://notify.example.com/h/")
    assert body.endswith("\n\n")
    assert "\n\n-- \nYou get this" in footer
    assert "Did this help you?" in (message.html or "")


@pytest.mark.parametrize("kind", [*Kind])
def test_only_all_clears_and_guidance_ask(kind: Kind) -> None:
    given = {"body": "Words." if kind is Kind.REPLY else None, "evidence": {"endpoint": "gone"} if kind is Kind.NOTICE else None}
    about = GUIDE if kind is Kind.GUIDANCE else notification(kind, **given)
    assert bool(uses(told(Engagement(), about), What.HELPED)) == (kind in (Kind.RESOLVED, Kind.GUIDANCE))


@pytest.mark.parametrize(("policy", "channel"), [(Engagement(helped=False), "email"), (ALL, "sms"), (ALL, "slack")])
def test_nothing_is_asked_or_counted_where_it_is_not_allowed_or_no_mail(policy: Engagement, channel: str) -> None:
    message = told(policy, channel=channel)
    assert [use for what in What for use in uses(message, what)] == []
    assert message.text == told(NOTHING.policy, channel=channel).text


def test_the_question_is_in_the_language_of_the_words() -> None:
    message = told(Engagement(), locale="de")
    assert "Hat Ihnen das geholfen? Sagen Sie Ja oder Nein: https://notify" in message.text
    assert "Hat Ihnen das geholfen?" in (message.html or "")


def test_others_are_told_no_link_that_answers_for_the_customer() -> None:
    message = told(ALL)
    assert "notify.example.com" not in message.words.subject + message.words.body


def test_the_words_of_an_audience_are_the_same_for_all_of_it() -> None:
    def of_nobody() -> str:
        about = notification(Kind.RESOLVED, id="")
        said = situation(about, incident=OVER, customer=NOBODY)
        return Writer(VOICE.policy.texts, CATALOG, "S", VOICE.books, Engaging(ALL, LINKS)).write(said, NOBODY.contacts[0], STOP).text

    assert of_nobody() == of_nobody()


def test_links_lead_through_us_where_that_is_allowed_and_keep_where_they_led() -> None:
    before, after = told(Engagement(), GUIDE), told(Engagement(clicks=True), GUIDE)
    led = [unescape(each) for each in HREF.findall(before.html or "")]
    leads = [unescape(each) for each in HREF.findall(after.html or "")]
    assert "https://shop.example/help?a=1&b=2" in led
    for old, new in zip(led, leads, strict=True):
        use = LINKS.use_of(new.rpartition("/")[2], What.CLICKED)
        assert new == old if use is None else use == Use(What.CLICKED, "n-1", old)
        assert (use is None) == old.startswith(("https://notify.example.com/", "mailto:"))
    assert after.text == before.text, "the text shows where its links lead"
    assert after.unsubscribe == STOP


@pytest.mark.parametrize("locale", ["en", "de", "fr"])
def test_customers_of_one_incident_get_each_their_own_links_though_their_words_are_made_once(locale: str) -> None:
    writer = Writer(VOICE.policy.texts, CATALOG, "Shop", VOICE.books, Engaging(ALL, LINKS))
    for id_ in ("n-1", "n-2", "n-3"):
        said = situation(notification(Kind.RESOLVED, id=id_), incident=OVER, customer=replace(ADA, locale=locale))
        message = writer.write(said, Contact("email", "x"), STOP)
        assert {use.notification_id for what in What for use in uses(message, what)} == {id_}
        assert "q.invalid" not in message.text + (message.html or "")


def test_opening_is_an_image_at_the_end_of_the_page() -> None:
    page = told(Engagement(opens=True)).html or ""
    [image] = re.findall(r"<img [^>]+>\s*</body>", page)
    assert 'alt=""' in image
    assert Engaging(ALL, LINKS).page("<p>no body</p>", "n-1").count("<img ") == 1


@pytest.mark.parametrize("href", ["https://x.example/" + "a" * LONGEST, "mailto:a@example.org", "#top", STOP, "https://notify.example.com"])
def test_what_is_no_page_of_others_or_too_long_stays(href: str) -> None:
    page = f'<a href="{href}">x</a>'
    assert Engaging(Engagement(clicks=True), LINKS).page(page, "n-1") == page


def test_a_host_that_begins_like_ours_is_not_ours() -> None:
    page = Engaging(Engagement(clicks=True), LINKS).page('<a href="https://notify.example.com.evil.example/x">x</a>', "n-1")
    assert "/c/" in page


# ── the seals ────────────────────────────────────────────────────────────────────────────────

TEXTS = st.text(st.characters(codec="utf-8"), max_size=80)


@given(st.sampled_from(What), st.uuids(), TEXTS)
def test_a_link_gives_its_own_use_back_and_no_other(what: What, id_: object, more: str) -> None:
    use = Use(what, str(id_), more)
    token = LINKS.to(use).rpartition("/")[2]
    assert [LINKS.use_of(token, each) for each in What] == [use if each is what else None for each in What]
    assert Links(LINKS.public_url, "another").use_of(token, what) is None


@given(st.text(max_size=80) | TEXTS.map(lambda said: f"{said}.{said}"))
def test_whatever_else_is_no_link_and_no_error(token: str) -> None:
    assert all(LINKS.use_of(token, each) is None for each in What)
