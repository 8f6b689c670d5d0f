"""Exactly the affected are told, once, and get the all-clear."""

import pytest

from services.notifier.hearing.incidents import on_incidents
from shared.events import Fact, NotificationDelivered
from tests.flow.notifier_stage import MINUTE, SECOND, Stage, impact, kinds, opened, replied, resolved

pytestmark = pytest.mark.asyncio


async def test_exactly_the_customers_of_an_impact_are_told_and_get_the_all_clear(on: Stage) -> None:
    # Given three customers
    await on.know("c-1", "c-2", "c-3")
    # When an incident touches two of them, and is over later
    await on.hear(opened(on.now), impact(on.now, "c-1", "c-2"))
    told = dict(on.office.mails)
    await on.clock.advance(10 * MINUTE)
    await on.hear(resolved(on.now))
    # Then these two were told, got the all-clear in the same thread, and nobody else got anything
    assert sorted(told) == ["c-1@example.org", "c-2@example.org"]
    for address in told:
        first, second = on.office.to(address)
        assert (first["X-Forewarn-Kind"], second["X-Forewarn-Kind"]) == ("opened", "resolved")
        assert first["X-Forewarn-Incident"] == "i-1"
        assert second["In-Reply-To"] == first["Message-ID"]
    assert len(on.office.mails) == 4
    assert kinds(on.said()) == ["delivered"] * 4


async def test_whoever_names_a_component_does_not_write_to_its_customers(on: Stage) -> None:
    # Given a component that is a sentence with a link, as an event may say it, and a customer whose name is one
    phishing = "Your account is suspended. Sign in at https://evil.example/login"
    await on.know("c-1", name=phishing)
    # When it opens an incident, and is over later
    named = {"component": phishing, "title": f"{phishing} is failing"}
    await on.hear(opened(on.now, **named), impact(on.now, "c-1"))
    await on.clock.advance(10 * MINUTE)
    await on.hear(resolved(on.now, **named))
    # Then its customer is told in words that are ours alone
    told = on.office.to("c-1@example.org")
    assert [mail["Subject"] for mail in told] == [
        "a part of our service is failing: we are on it",
        "All clear: a part of our service works again",
    ]
    assert [mail["To"] for mail in told] == ["c-1@example.org"] * 2
    assert not any(part in mail.as_string() for mail in told for part in ("evil", "suspended"))


@pytest.mark.parametrize("character", ["漢", "e\u0301", "👩\u200d👧", "\u202eא", "=?utf-8?q?x?= "], ids=ascii)
async def test_a_name_of_5000_characters_is_cut_and_its_customer_is_told(on: Stage, character: str) -> None:
    await on.know("c-1", name=5000 * character, account=5000 * character, timezone=5000 * character)
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    [mail] = on.office.to("c-1@example.org")
    assert all(len(line) <= 998 for line in mail.as_bytes().splitlines())
    [known] = await on.rows("SELECT name, account, timezone FROM customers")
    assert [len(each) <= most for each, most in zip(known.values(), (200, 200, 100), strict=True)] == [True] * 3


async def test_what_is_said_about_a_delivery_names_the_mail_and_what_led_to_it(on: Stage) -> None:
    await on.know("c-1")
    cause = impact(on.now, "c-1")
    await on.hear(opened(on.now), cause)
    [fact] = on.said()
    [mail] = on.office.to("c-1@example.org")
    assert isinstance(fact, NotificationDelivered)
    assert (fact.subject, fact.data.kind, fact.data.incident_id) == ("c-1", "opened", "i-1")
    assert fact.data.message_id == mail["Message-ID"]
    assert (fact.causationid, fact.hops) == (cause.id, cause.hops + 1)


async def test_the_same_customer_in_two_chunks_is_told_once(on: Stage) -> None:
    await on.know("c-1")
    await on.hear(opened(on.now), impact(on.now, "c-1"), impact(on.now, "c-1", chunk=1))
    await on.hear(impact(on.now + SECOND, "c-1", chunk=2))
    assert on.office.kinds("c-1@example.org") == ["opened"]


async def test_an_impact_after_the_end_tells_nobody(on: Stage) -> None:
    await on.know("c-1")
    await on.hear(opened(on.now), resolved(on.now), impact(on.now, "c-1"))
    assert on.office.mails == []
    assert await on.ledger() == [("opened", "suppressed", "stale")]
    assert kinds(on.said()) == ["suppressed"]


async def test_an_incident_nobody_announced_tells_nobody(on: Stage) -> None:
    await on.know("c-1")
    await on.hear(impact(on.now, "c-1", incident_id="never-opened"))
    assert on.office.mails == []
    assert await on.ledger() == [("opened", "suppressed", "stale")]


async def statements(on: Stage, *facts: Fact) -> list[str]:
    """Returns the statements that are sent to the database to take these facts."""
    sent: list[str] = []
    async with on.service.database.transaction() as tx:
        with tx.query_logger(lambda record: sent.append(record.query)):
            await on_incidents(tx, facts)
    return sent


async def test_a_thousand_customers_are_the_same_eleven_statements_as_two(on: Stage) -> None:
    ids = [f"c-{n}" for n in range(1000)]
    await statements(on, opened(on.now, "i-9"), impact(on.now, "c-9", incident_id="i-9"))  # asyncpg asks once for the types
    few = await statements(on, opened(on.now, "i-0"), impact(on.now, *ids[:2], incident_id="i-0"))
    many = await statements(on, opened(on.now), impact(on.now, *ids[:500]), impact(on.now, *ids[500:], chunk=1))
    assert many == few, "the same statements for two and for a thousand"
    assert len(many) <= 11, (
        "the lock, what is erased, the incident twice, notices, customers, gates, the clock twice, and twice what is due"
    )
    [counted] = await on.rows("SELECT count(*) AS ledger, (SELECT count(*) FROM due WHERE kind = 'delivery') AS due FROM notifications")
    assert counted == {"ledger": 1003, "due": 1003}


# ── replies ──────────────────────────────────────────────────────────────────────────────────


async def test_an_answer_that_says_it_is_over_needs_no_all_clear(on: Stage) -> None:
    await on.know("c-1")
    await on.hear(opened(on.now), resolved(on.now))
    await on.hear(replied(on.now + SECOND, "answer", incident_id="i-1"))
    await on.loop.advance(MINUTE)
    assert on.office.kinds("c-1@example.org") == ["answer"]


async def test_every_reply_of_a_person_is_brought_in_its_words_without_a_link_to_end_them(on: Stage) -> None:
    await on.know("c-1")
    await on.hear(*(replied(on.now, "reply", reply_id=f"r-{n}", body=f"Word {n}.") for n in range(5)))
    mails = on.office.to("c-1@example.org")
    assert len(mails) == 5, "replies are not capped"
    for mail in mails:
        assert mail["Subject"] == "Re: Cannot pay"
        assert mail["List-Unsubscribe"] is None
        assert mail["Auto-Submitted"] is None, "a person wrote it"
    assert {mail["X-Forewarn-Ticket"] for mail in mails} == {"t-1"}
