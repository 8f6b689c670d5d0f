"""An address that does not exist is marked, and the mark is cleared again; who could not be told is told once they can be reached."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

import httpx2
import pytest

from shared.events import Contact, CustomerErased, CustomerUpdated
from shared.settings import Settings
from tests.builders import customer
from tests.flow.notifier_stage import HOUR, MINUTE, SECOND, Stage, impact, kinds, opened, reopened, replied, resolved, stage, still_failing
from tests.smtp import Do

pytestmark = pytest.mark.asyncio

ADA, NEW = "c-1@example.org", "ada@example.net"
NO_SUCH_USER = "550 5.1.1 no such user"
MARK = "/v1/customers/c-1/contacts/clear-mark"


@pytest.fixture
async def operator(on: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    async with on.client("operator-token") as client:
        yield client


def reached_at(at: datetime, *addresses: str, channel: str = "email") -> CustomerUpdated:
    """Returns the fact that c-1 has these addresses."""
    return customer("c-1", at=at, contacts=tuple(Contact(channel=channel, address=address) for address in addresses))


async def marked(on: Stage) -> list[str]:
    return [row["address"] for row in await on.rows("SELECT address FROM bad_addresses ORDER BY address")]


async def told_in_vain(on: Stage) -> None:
    """Has c-1 told of i-1 in vain: the server knows no such user."""
    await on.know("c-1")
    on.office.at_recipient[ADA] = [NO_SUCH_USER]
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    assert await marked(on) == [ADA]


# ── which refusals mark an address ───────────────────────────────────────────────────────────


async def test_a_refusal_of_the_sender_marks_no_address_and_the_customer_is_told_when_it_is_mended(on: Stage) -> None:
    await on.know("c-1")
    on.office.at_sender = "553 5.1.8 sender domain does not exist"
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    assert await on.ledger() == [("opened", "waiting", None)]
    assert await marked(on) == []
    on.office.at_sender = "250 ok"
    await on.loop.advance(MINUTE)
    assert on.office.kinds(ADA) == ["opened"]


@pytest.mark.parametrize(
    ("answer", "marks"), [(NO_SUCH_USER, [ADA]), ("550 5.1.0 hm", []), ("550 5.7.1 not from you", []), ("553 5.1.8 sender", [])]
)
async def test_only_the_recipients_codes_mark_an_address(on: Stage, answer: str, marks: list[str]) -> None:
    await on.know("c-1")
    on.office.at_end[ADA] = [answer]
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    assert await marked(on) == marks


async def test_an_address_that_this_server_cannot_take_is_not_marked(fresh_database: Settings) -> None:
    async with stage(fresh_database, smtputf8=False) as on:
        await on.hear(reached_at(on.now, "jörg@example.org"))
        await on.hear(opened(on.now), impact(on.now, "c-1"))
        assert await on.ledger() == [("opened", "failed", "unsupported")]
        assert await marked(on) == []


# ── what takes a mark away ───────────────────────────────────────────────────────────────────


async def test_a_newer_update_that_changes_the_contacts_clears_the_mark(on: Stage) -> None:
    await told_in_vain(on)
    await on.hear(reached_at(on.now + SECOND, ADA, "office@example.org"))
    assert await marked(on) == []


@pytest.mark.parametrize("role", ["owner", "billing"])
async def test_an_unchanged_export_clears_no_mark_however_often_it_comes(on: Stage, role: str) -> None:
    two = [Contact(channel="email", address=ADA), Contact(channel="sms", address="+49 30 1", role=role)]
    await on.hear(customer("c-1", at=on.now, contacts=tuple(two)))
    on.office.at_recipient[ADA] = [NO_SUCH_USER]
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    for night in range(1, 4):
        await on.hear(customer("c-1", at=on.now + night * SECOND, contacts=tuple(two[::-1] if night % 2 else two), name=f"Ada {night}"))
    assert await marked(on) == [ADA], "in another order it is the same"
    assert on.office.mails == []


async def test_an_update_from_before_the_mark_does_not_clear_it(on: Stage) -> None:
    """It was on its way while the provider found out about the address it names."""
    await on.hear(customer("c-1", at=on.now - HOUR))
    on.office.at_recipient[ADA] = [NO_SUCH_USER] * 9
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    await on.hear(reached_at(on.now - MINUTE, ADA, "+49 30 1"))
    assert await marked(on) == [ADA]


async def test_an_operator_sees_the_mark_and_clears_it(on: Stage, operator: httpx2.AsyncClient) -> None:
    await told_in_vain(on)
    [shown] = (await operator.get("/v1/customers/c-1/contacts")).json()["items"]
    assert datetime.fromisoformat(shown.pop("since")) == on.now
    assert shown == {"place": 1, "channel": "email", "address": ADA, "role": "owner", "bad": True, "detail": "550 5.1.1"}
    answer = await operator.post(MARK, json={"address": f" {ADA}\u00a0"})
    assert answer.status_code == 200
    assert answer.json()["items"] == [{**shown, "bad": False, "since": None, "detail": None}]
    await on.loop.settle()
    assert on.office.kinds(ADA) == ["opened"], "the incident still goes on"
    assert (await operator.post(MARK, json={"address": ADA})).status_code == 200, "saying it again changes nothing"
    await on.loop.settle()
    assert on.office.kinds(ADA) == ["opened"]


async def test_agents_may_look_at_contacts_and_only_operators_may_change_them(on: Stage, operator: httpx2.AsyncClient) -> None:
    await told_in_vain(on)
    for token, reads, writes in ((None, 401, 401), ("producer-token", 403, 403), ("agent-token", 200, 403)):
        headers = {"Authorization": f"Bearer {token}" if token else ""}
        assert (await operator.get("/v1/customers/c-1/contacts", headers=headers)).status_code == reads
        assert (await operator.post(MARK, json={"address": ADA}, headers=headers)).status_code == writes
    assert await marked(on) == [ADA]


async def test_a_customer_or_address_nobody_knows_is_a_problem(on: Stage, operator: httpx2.AsyncClient) -> None:
    await on.know("c-1")
    await on.hear(CustomerErased.of(CustomerErased.Data(), subject="c-2", at=on.now))
    for customer_id in ("nobody", "c-2"):
        assert (await operator.get(f"/v1/customers/{customer_id}/contacts")).status_code == 404, "the erased are nobody"
    for customer_id, address in (("nobody", ADA), ("c-1", "somebody@example.org"), ("c-2", "c-2@example.org")):
        answer = await operator.post(f"/v1/customers/{customer_id}/contacts/clear-mark", json={"address": address})
        assert answer.status_code == 404
    assert (await operator.post(MARK, json={"address": ""})).status_code == 422


# ── told after all ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("first", [(), ("not an address",), (ADA,)], ids=["none", "none usable", "one that does not exist"])
async def test_an_address_corrected_or_added_while_the_incident_goes_on_is_told_once(on: Stage, first: tuple[str, ...]) -> None:
    # Given a customer who could not be told of an incident
    on.office.at_recipient[ADA] = [NO_SUCH_USER] * 9
    await on.hear(reached_at(on.now, *first))
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    assert on.office.mails == []
    # When the address is corrected two hours later, while it goes on
    await on.loop.advance(2 * HOUR)
    await on.hear(still_failing(on.now), reached_at(on.now, NEW))
    # Then the customer is told, once, and at the end as well
    for night in range(1, 4):
        await on.hear(reached_at(on.now + night * SECOND, NEW, *[ADA] * (night % 2)), impact(on.now, "c-1", chunk=night))
    await on.hear(resolved(on.now))
    assert [(to, mail["X-Forewarn-Kind"]) for to, mail in on.office.mails] == [(NEW, "opened"), (NEW, "resolved")]
    assert kinds(on.said())[-2:] == ["delivered", "delivered"]


async def test_who_the_directory_learns_of_late_is_told_while_the_incident_goes_on(on: Stage) -> None:
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    for _ in range(4):
        await on.loop.advance(5 * MINUTE)
        await on.hear(still_failing(on.now))
    assert await on.ledger() == [("opened", "suppressed", "no_contact")]
    await on.know("c-1")
    assert on.office.kinds(ADA) == ["opened"]


async def test_an_address_corrected_after_days_is_told_while_the_incident_goes_on(on: Stage) -> None:
    await on.clock.set(on.now - 30 * HOUR)
    await told_in_vain(on)
    await on.loop.advance(30 * HOUR)
    await on.hear(still_failing(on.now))
    await on.rows("UPDATE incidents SET failing_at = clock()")
    await on.hear(reached_at(on.now, NEW))
    assert on.office.kinds(NEW) == ["opened"], "what counts is that it fails now, not when it began"


async def test_after_the_end_a_corrected_address_is_told_nothing(on: Stage) -> None:
    await told_in_vain(on)
    await on.hear(resolved(on.now))
    await on.hear(reached_at(on.now + SECOND, NEW))
    assert on.office.mails == []
    assert await on.ledger() == [("opened", "failed", "address")]


async def test_opt_outs_and_caps_count_for_a_corrected_address_too(on: Stage) -> None:
    await told_in_vain(on)
    for n in range(2, 6):
        await on.hear(opened(on.now, f"i-{n}"), impact(on.now, "c-1", incident_id=f"i-{n}"))
    await on.hear(reached_at(on.now + SECOND, NEW))
    assert on.office.kinds(NEW) == ["opened"] * 3
    assert sorted(reason or "" for _, _, reason in await on.ledger()) == ["", "", "", "capped", "capped"]


async def test_who_wants_no_mail_is_not_told_at_a_corrected_address(on: Stage) -> None:
    await told_in_vain(on)
    contacts = (Contact(channel="email", address=NEW),)
    await on.hear(customer("c-1", at=on.now + SECOND, contacts=contacts, consent={"incident": False}))
    assert on.office.mails == []
    assert await on.ledger() == [("opened", "suppressed", "opted_out")]


@pytest.mark.parametrize("useless", ["still not an address", " ", ADA])
async def test_a_change_that_makes_nobody_reachable_decides_nothing_anew(on: Stage, useless: str) -> None:
    await on.hear(reached_at(on.now - HOUR, ADA))
    on.office.at_recipient[ADA] = [NO_SUCH_USER]
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    said = kinds(on.said())
    await on.hear(reached_at(on.now - MINUTE, useless, "also no address"))
    assert kinds(on.said()) == said
    assert await on.ledger() == [("opened", "failed", "address")]


async def test_who_may_have_been_told_before_the_address_was_refused_is_not_told_again(on: Stage) -> None:
    await on.know("c-1")
    on.office.at_end[ADA] = [Do.DROP]
    on.office.at_recipient[ADA] = ["250 ok", NO_SUCH_USER]
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    await on.loop.advance(MINUTE)
    assert await on.ledger() == [("opened", "failed", "address")]
    await on.hear(reached_at(on.now, NEW))
    assert on.office.to(NEW) == []


async def test_a_customer_with_a_second_address_is_told_there_at_once(on: Stage) -> None:
    await on.hear(reached_at(on.now, ADA, "office@example.org"))
    on.office.at_recipient[ADA] = [NO_SUCH_USER]
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    assert [to for to, _ in on.office.mails] == ["office@example.org"]
    assert kinds(on.said()) == ["delivered"]
    assert await marked(on) == [ADA]


async def test_a_correction_that_comes_while_the_old_address_is_tried_is_not_missed(on: Stage) -> None:
    await on.know("c-1")
    await on.consume(opened(on.now), impact(on.now, "c-1"))
    on.office.at_recipient[ADA] = [Do.HOLD]
    on.office.at_end[ADA] = [NO_SUCH_USER]
    delivering = asyncio.create_task(on.deliver())
    await asyncio.wait_for(on.office.holding.wait(), 5)
    await on.consume(reached_at(on.now + SECOND, NEW))
    on.office.gate.set()
    await delivering
    await on.loop.settle()
    assert on.office.kinds(NEW) == ["opened"]


async def test_what_a_mailbox_puts_off_goes_to_the_corrected_address_at_once(on: Stage) -> None:
    await on.know("c-1")
    on.office.at_recipient[ADA] = ["452 4.2.2 the mailbox is full"]
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    await on.hear(reached_at(on.now + SECOND, NEW))
    assert [to for to, _ in on.office.mails] == [NEW]


async def test_a_reply_whose_address_was_refused_is_not_said_again_in_no_words(on: Stage) -> None:
    """A ticket's words are kept by the ticket alone once they are settled."""
    await on.know("c-1")
    on.office.at_recipient[ADA] = [NO_SUCH_USER] * 9
    await on.hear(opened(on.now), replied(on.now, "answer", incident_id="i-1"))
    await on.hear(reached_at(on.now + SECOND, NEW))
    assert on.office.mails == []


async def test_when_the_incident_comes_back_a_corrected_address_is_told(on: Stage) -> None:
    await told_in_vain(on)
    await on.hear(resolved(on.now))
    await on.hear(reopened(on.now + SECOND))
    await on.hear(reached_at(on.now + 2 * SECOND, NEW))
    assert on.office.kinds(NEW) == ["opened"]


@pytest.mark.parametrize("around", [" {} ", "\u00a0{}\u00a0", "\u200b{}\ufeff", "\t{}\r\n"])
async def test_white_space_around_an_address_is_trimmed_where_it_enters(on: Stage, around: str) -> None:
    await on.hear(reached_at(on.now, around.format(ADA)))
    [row] = await on.rows("SELECT contacts FROM customers")
    assert [contact["address"] for contact in row["contacts"]] == [ADA]
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    assert on.office.kinds(ADA) == ["opened"]


# ── the date of a mail ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("first", [Do.DROP, "451 4.3.0 later"])
async def test_every_try_has_the_date_of_the_first(on: Stage, first: str | Do) -> None:
    await on.know("c-1")
    began = on.now
    on.office.at_end[ADA] = [first]
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    await on.loop.advance(MINUTE)
    mails = on.office.to(ADA)
    assert len(mails) == (2 if first is Do.DROP else 1)
    assert {mail["Date"].datetime for mail in mails} == {began}


async def test_what_is_told_after_all_is_dated_when_it_is_told(on: Stage) -> None:
    await told_in_vain(on)
    await on.loop.advance(2 * HOUR)
    await on.hear(still_failing(on.now), reached_at(on.now, NEW))
    [mail] = on.office.to(NEW)
    assert mail["Date"].datetime == on.now
