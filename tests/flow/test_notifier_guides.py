"""A customer at risk is sent an article or offered help, once and only if they want it, and not once the risk is over."""

from email.message import EmailMessage

import pytest

from shared.events import Fact, NotificationDelivered, NotificationSuppressed
from tests.builders import acted, cleared
from tests.flow.notifier_stage import HOUR, MINUTE, Stage, impact, opened

pytestmark = pytest.mark.asyncio

URL = "https://shop.example.org/how-to-pay"


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def article(on: Stage, risk_id: str = "k-1") -> Fact:
    return acted("article", at=on.now, url=URL, risk_id=risk_id)


async def test_the_article_is_sent_once_and_it_is_said_for_which_risk(on: Stage) -> None:
    await on.know("c-1", name="Ada")
    await on.hear(article(on), article(on))
    await on.hear(article(on))
    [mail] = on.office.to("c-1@example.org")
    assert mail["X-Forewarn-Kind"] == "guidance"
    assert mail["List-Unsubscribe"]
    text = _text(mail)
    assert text.startswith("Hello Ada,")
    assert URL in text
    [said] = on.said()
    assert isinstance(said, NotificationDelivered)
    assert (said.data.kind, said.data.risk_id, said.data.incident_id, said.causationid) == ("guidance", "k-1", None, article(on).id)


async def test_help_is_offered_in_words_of_its_own(on: Stage) -> None:
    await on.know("c-1")
    await on.hear(acted("help", at=on.now))
    [mail] = on.office.to("c-1@example.org")
    assert mail["Subject"] == "Can we help you?"
    assert "answer this mail" in _text(mail)


@pytest.mark.parametrize("kind", ["case", "webhook", "of-a-later-version"])
async def test_what_others_do_about_a_risk_is_no_mail(on: Stage, kind: str) -> None:
    await on.know("c-1")
    await on.hear(acted(kind, at=on.now), acted("help", at=on.now, status="failed", risk_id="k-2"))
    assert await on.ledger() == []


async def test_who_wants_no_guidance_gets_none_and_hears_of_incidents_all_the_same(on: Stage) -> None:
    await on.know("c-1", consent={"guidance": False})
    await on.hear(article(on), opened(on.now), impact(on.now, "c-1"))
    assert await on.ledger() == [("guidance", "suppressed", "opted_out"), ("opened", "delivered", None)]
    [said] = [fact for fact in on.said() if isinstance(fact, NotificationSuppressed)]
    assert said.data.risk_id == "k-1"


async def test_what_waits_is_not_told_once_the_risk_is_over(on: Stage) -> None:
    # Given a customer whom the directory does not know yet
    await on.hear(article(on))
    assert await on.ledger() == [("guidance", "waiting", None)]
    # When the risk is over before it does
    await on.hear(cleared(at=on.now))
    await on.know("c-1")
    # Then nothing is told, also when it is asked for again
    assert await on.ledger() == [("guidance", "suppressed", "stale")]
    await on.hear(article(on))
    assert on.office.mails == []


async def test_guidance_counts_for_the_cap_and_is_not_told_when_it_is_old(on: Stage) -> None:
    await on.know("c-1")
    for number in range(5):
        await on.hear(article(on, f"k-{number}"))
        await on.clock.advance(MINUTE)
    assert sorted(reason or "" for _, _, reason in await on.ledger()) == ["", "", "", "capped", "capped"]
    old = article(on, "k-old")
    await on.clock.advance(25 * HOUR)
    await on.hear(old)
    assert ("guidance", "suppressed", "stale") in await on.ledger()
