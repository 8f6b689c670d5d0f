"""notifier says of each delivery the words, the figures and the provider's answer; an agent's unlink keeps an end off the ticket."""

from email.message import EmailMessage

import pytest

from shared.events import NotificationDelivered, TicketUnlinked, identity
from tests.flow.notifier_stage import MINUTE, Stage, impact, linked, opened, replied, resolved

pytestmark = pytest.mark.asyncio

ADA = "c-1@example.org"


def unlinked(on: Stage, *, actor: str = "agent", number: int = 1042) -> TicketUnlinked:
    data = TicketUnlinked.Data(ticket_id="t-1", number=number, customer_id="c-1", incident_id="i-1", verdict="no", by="ada", actor=actor)
    return TicketUnlinked.of(data, subject="t-1", at=on.now, unique=on.now)


def deliveries(on: Stage) -> list[NotificationDelivered]:
    return [fact for fact in on.said() if isinstance(fact, NotificationDelivered)]


def plain(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


# ── what a delivery says ─────────────────────────────────────────────────────────────────────


async def test_a_delivery_says_its_words_without_footer_and_link_and_why_and_what_the_provider_answered(on: Stage) -> None:
    await on.know("c-1")
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    [mail], [fact] = on.office.to(ADA), deliveries(on)
    said = fact.data
    assert said.subject == mail["Subject"]
    sent = plain(mail)
    assert sent.replace("\r\n", "\n").startswith(f"{said.body}\n\n-- \n")
    assert "/u/" in sent
    assert "/u/" not in fact.model_dump_json()
    assert (said.why["consent"], said.why["recent"], said.why["cap"], said.why["last_failing_s"]) == ("silence", 0, 3, 0.0)
    assert said.answer.startswith("250")
    assert "@" not in said.answer
    [row] = await on.rows("SELECT why FROM notifications")
    assert row["why"] == said.why


async def test_a_reply_says_what_was_written_and_a_quoted_link_is_left_out(on: Stage) -> None:
    await on.know("c-1")
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    footer = plain(on.office.to(ADA)[0])
    link = next(word for word in footer.split() if "/u/" in word)
    await on.hear(replied(on.now, "reply", body=f"You wrote:\n> stop: {link}\nWe see."))
    said = deliveries(on)[-1].data
    assert said.notification_id == identity("t-1", "r-1")
    assert (said.subject, said.kind) == ("Re: Cannot pay", "reply")
    assert "> stop: [link]\nWe see." in said.body
    assert said.why.keys() == {"age_s", "max_event_age_s", "policy"}


async def test_the_largest_reply_is_said_and_is_no_larger_than_a_mail(on: Stage) -> None:
    await on.know("c-1")
    await on.hear(replied(on.now, "reply", body="\x01" * 100_000))
    [fact] = deliveries(on)
    assert 100_000 <= len(fact.data.body) <= 110_000
    assert len(fact.model_dump_json().encode()) < 1 << 20


@pytest.mark.parametrize(
    ("by", "consent"), [({"incident": True}, "customer"), (None, "directory")], ids=["chosen with us", "the product says"]
)
async def test_a_delivery_says_whose_consent_it_was(on: Stage, by: dict[str, bool] | None, consent: str) -> None:
    await on.know("c-1", consent={"incident": True})
    if by:
        async with on.client("agent-token") as client:
            assert (await client.put("/v1/customers/c-1/preferences", json=by)).status_code == 200
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    assert [fact.data.why["consent"] for fact in deliveries(on)] == [consent]


# ── an agent's unlink ────────────────────────────────────────────────────────────────────────


async def ticket_of_the_end(on: Stage) -> list[str | None]:
    await on.clock.advance(MINUTE)
    await on.hear(resolved(on.now, revision=1))
    return [row["ticket_id"] for row in await on.rows("SELECT ticket_id FROM notifications WHERE kind = 'resolved'")]


async def test_the_end_is_told_on_a_ticket_that_is_about_it(on: Stage) -> None:
    await on.know("c-1")
    await on.hear(opened(on.now), impact(on.now, "c-1"), linked(on.now))
    assert await ticket_of_the_end(on) == ["t-1"]


async def test_after_an_agents_unlink_the_end_is_not_told_on_the_ticket(on: Stage) -> None:
    await on.know("c-1")
    await on.hear(opened(on.now), impact(on.now, "c-1"), linked(on.now), unlinked(on))
    assert await ticket_of_the_end(on) == [None]


async def test_nor_when_the_ticket_was_answered_about_it_but_what_was_promised_is_kept(on: Stage) -> None:
    await on.know("c-1")
    await on.hear(opened(on.now), linked(on.now), replied(on.now, "answer", incident_id="i-1"), unlinked(on))
    assert await ticket_of_the_end(on) == [None]
    assert on.office.kinds(ADA) == ["answer", "resolved"]
    assert "1042" not in on.office.to(ADA)[-1]["Subject"]


async def test_a_ticket_that_an_agent_links_again_hears_of_the_end_also_in_one_batch(on: Stage) -> None:
    await on.know("c-1")
    again = linked(on.now).model_copy(update={"id": "again"})
    await on.hear(opened(on.now), impact(on.now, "c-1"), linked(on.now), unlinked(on), again)
    assert await ticket_of_the_end(on) == ["t-1"]


async def test_what_ticketing_undoes_by_itself_leaves_the_end_on_the_ticket(on: Stage) -> None:
    await on.know("c-1")
    await on.hear(opened(on.now), impact(on.now, "c-1"), linked(on.now), unlinked(on, actor="forewarn"))
    assert await ticket_of_the_end(on) == ["t-1"]


async def test_an_unlink_that_is_heard_again_changes_nothing(on: Stage) -> None:
    await on.know("c-1")
    facts = (opened(on.now), impact(on.now, "c-1"), linked(on.now), unlinked(on))
    await on.hear(*facts)
    known = await on.everything()
    await on.hear(*facts)
    assert await on.everything() == known
