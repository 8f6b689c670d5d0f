"""What comes back of a mail counts once: its notification failed, the address is marked, or the customer is told no more of its kind."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from services.notifier.channels.email.verp import ReturnPaths
from shared.events import Contact, CustomerErased
from shared.settings import Settings
from tests.builders import customer
from tests.flow.notifier_stage import HOUR, MINUTE, Stage, impact, kinds, opened, replied, resolved, stage, still_failing
from tests.unit.notifier.bounces.samples import VACATION, dsn, feedback

pytestmark = pytest.mark.asyncio

PATHS = ReturnPaths("bounces@example.com", b"a secret")
ADA, BOB = "ada@example.org", "bob@example.org"
MAIL = {"Content-Type": "message/rfc822"}


@pytest.fixture
async def on(fresh_database: Settings) -> AsyncIterator[Stage]:
    async with stage(fresh_database, watched=True, bounce_address=PATHS.address) as staged:
        yield staged


@pytest.fixture
async def gateway(on: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    async with on.client("producer-token") as client:
        yield client


@pytest.fixture
async def operator(on: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    async with on.client("operator-token") as client:
        yield client


async def told(on: Stage, *addresses: str) -> str:
    """Has c-1, who has these addresses, told of i-1; returns the notification's id."""
    contacts = tuple(Contact(channel="email", address=each) for each in addresses or (ADA,))
    await on.hear(customer("c-1", at=on.now, contacts=contacts))
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    [row] = await on.rows("SELECT id FROM notifications WHERE status = 'delivered'")
    return str(row["id"])


def bounce(id_: str, to: str = ADA, **fields: Any) -> bytes:
    """Returns the report of a server that returns our mail's headers."""
    path = PATHS.return_path(id_, to)
    return dsn(to=path, recipient=to, returned=f"Return-Path: <{path}>\nMessage-ID: <{id_}@example.com>\n", **fields)


async def marked(on: Stage) -> list[str]:
    return [row["address"] for row in await on.rows("SELECT address FROM bad_addresses ORDER BY address")]


async def hand_over(gateway: httpx2.AsyncClient, raw: bytes) -> dict[str, Any]:
    answer = await gateway.post("/v1/bounces", content=raw, headers=MAIL)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


# ── bounces ──────────────────────────────────────────────────────────────────────────────────


async def test_a_bounce_fails_the_notification_and_marks_the_address(on: Stage, gateway: httpx2.AsyncClient) -> None:
    id_ = await told(on)
    assert await hand_over(gateway, bounce(id_)) == {"notification_id": id_, "kind": "address", "ignored": None, "new": True}
    await on.loop.settle()
    assert await on.ledger() == [("opened", "failed", "address")]
    assert await marked(on) == [ADA]
    assert kinds(on.said()) == ["delivered", "bounced", "failed"]
    assert ADA not in str(on.said()[1:])


async def test_each_mail_goes_out_with_a_return_path_that_names_it(on: Stage, gateway: httpx2.AsyncClient) -> None:
    id_ = await told(on)
    [path] = on.office.senders
    assert (path, PATHS.notification_of(path)) == (PATHS.return_path(id_, ADA), id_)
    [mail] = on.office.to(ADA)
    assert (mail["From"], mail["Return-Path"]) == ("Shop <support@example.com>", None)
    assert (await hand_over(gateway, dsn(to=path, returned="")))["notification_id"] == id_


async def test_without_an_address_for_bounces_mails_return_to_the_sender(fresh_database: Settings) -> None:
    async with stage(fresh_database) as plain:
        await told(plain)
        assert plain.office.senders == ["support@example.com"]


async def test_the_same_report_counts_once(on: Stage, gateway: httpx2.AsyncClient) -> None:
    id_ = await told(on)
    await hand_over(gateway, bounce(id_))
    before = await on.everything()
    assert (await hand_over(gateway, bounce(id_)))["new"] is False
    assert await on.everything() == before


async def test_the_customers_other_address_is_told(on: Stage, gateway: httpx2.AsyncClient) -> None:
    id_ = await told(on, ADA, BOB)
    await hand_over(gateway, bounce(id_))
    await on.loop.settle()
    assert on.office.kinds(BOB) == ["opened"]
    assert await on.ledger() == [("opened", "delivered", None)]
    first, second = (fact for fact in on.said() if fact.type.split(".")[2] == "delivered")
    assert first.id != second.id
    await hand_over(gateway, bounce(id_, BOB))
    await on.loop.settle()
    assert await marked(on) == [ADA, BOB]
    assert await on.ledger() == [("opened", "failed", "address")]


@pytest.mark.parametrize(("status", "reason"), [("5.7.1", "refused"), ("4.4.7", "expired"), ("5.2.2", "expired")])
async def test_a_bounce_that_is_not_about_the_address_marks_none(on: Stage, gateway: httpx2.AsyncClient, status: str, reason: str) -> None:
    id_ = await told(on, ADA, BOB)
    await hand_over(gateway, bounce(id_, status=status, diagnostic=""))
    await on.loop.advance(HOUR)
    assert await on.ledger() == [("opened", "failed", reason)]
    assert await marked(on) == []
    assert on.office.kinds(ADA) == ["opened"]
    assert on.office.to(BOB) == []


async def test_who_was_not_told_after_all_hears_of_no_end(on: Stage, gateway: httpx2.AsyncClient) -> None:
    id_ = await told(on, ADA, BOB)
    await hand_over(gateway, bounce(id_, status="5.7.1", diagnostic=""))
    await on.hear(resolved(on.now))
    await on.loop.advance(HOUR)
    assert await on.ledger() == [("opened", "failed", "refused")]
    assert [len(on.office.to(each)) for each in (ADA, BOB)] == [1, 0]


async def test_an_end_that_waits_is_taken_back(on: Stage, gateway: httpx2.AsyncClient) -> None:
    id_ = await told(on)
    on.office.at_recipient[ADA] = ["451 4.7.1 not now"] * 9
    await on.hear(resolved(on.now))
    assert await on.ledger() == [("opened", "delivered", None), ("resolved", "waiting", None)]
    await hand_over(gateway, bounce(id_, status="5.7.1", diagnostic=""))
    await on.loop.advance(HOUR)
    assert await on.ledger() == [("opened", "failed", "refused"), ("resolved", "suppressed", "stale")]
    assert len(on.office.to(ADA)) == 1


async def test_a_mark_is_taken_back_and_the_customer_told_after_all(
    on: Stage, gateway: httpx2.AsyncClient, operator: httpx2.AsyncClient
) -> None:
    id_ = await told(on)
    await hand_over(gateway, bounce(id_))
    [item] = (await operator.get("/v1/suppressions/addresses")).json()["items"]
    assert (item["customer_id"], item["address"], item["detail"]) == ("c-1", ADA, "5.1.1")
    assert (await operator.post("/v1/customers/c-1/contacts/clear-mark", json={"address": ADA})).status_code == 200
    await on.loop.settle()
    assert on.office.kinds(ADA) == ["opened", "opened"]
    assert (await operator.get("/v1/suppressions/addresses")).json()["items"] == []


async def test_a_report_that_names_another_address_marks_the_one_that_was_written_to(on: Stage, gateway: httpx2.AsyncClient) -> None:
    id_ = await told(on, ADA, BOB)
    path = PATHS.return_path(id_, ADA)
    await hand_over(gateway, dsn(to=path, recipient=BOB, returned=""))
    assert await marked(on) == [ADA]


async def test_another_report_of_the_first_try_does_not_fail_the_second(on: Stage, gateway: httpx2.AsyncClient) -> None:
    id_ = await told(on, ADA, BOB)
    await hand_over(gateway, bounce(id_))
    await on.loop.settle()
    assert (await hand_over(gateway, bounce(id_, headers="X-Hop: another\n")))["new"] is True
    assert await on.ledger() == [("opened", "delivered", None)]
    assert await marked(on) == [ADA]


async def test_a_mail_without_return_path_is_matched_by_its_message_id(on: Stage, gateway: httpx2.AsyncClient) -> None:
    id_ = await told(on, ADA, BOB)
    raw = dsn(to="postmaster@example.com", recipient=ADA, returned=f"Message-ID: <{id_}@example.com>\n")
    assert (await hand_over(gateway, raw))["new"] is True
    assert await marked(on) == [ADA]


async def test_an_address_alone_matches_nothing(on: Stage, gateway: httpx2.AsyncClient) -> None:
    await told(on)
    said = await hand_over(gateway, dsn(to="bounces@example.com", recipient=ADA, returned=""))
    assert said == {"notification_id": None, "kind": None, "ignored": "unmatched", "new": False}
    forged = ReturnPaths(PATHS.address, b"not ours").return_path("0" * 32, ADA)
    assert (await hand_over(gateway, dsn(to=forged, returned="")))["ignored"] == "unmatched"
    assert await on.ledger() == [("opened", "delivered", None)]
    assert await marked(on) == []


async def test_an_automatic_answer_changes_nothing(on: Stage, gateway: httpx2.AsyncClient) -> None:
    id_ = await told(on)
    said = await hand_over(gateway, VACATION.replace(b"<", b"<" + id_.encode(), 1))
    assert said["ignored"] == "auto_reply"
    assert await on.ledger() == [("opened", "delivered", None)]


async def test_a_reply_that_bounces_failed_and_is_not_kept(on: Stage, gateway: httpx2.AsyncClient) -> None:
    await on.hear(customer("c-1", at=on.now, contacts=(Contact(channel="email", address=ADA),)))
    await on.hear(replied(on.now, "reply"))
    [row] = await on.rows("SELECT id FROM notifications")
    await hand_over(gateway, bounce(row["id"]))
    await on.loop.settle()
    assert await on.ledger() == [("reply", "failed", "address")]


async def test_nothing_of_an_erased_customer_comes_back(on: Stage, gateway: httpx2.AsyncClient) -> None:
    id_ = await told(on)
    await on.hear(CustomerErased.of(CustomerErased.Data(), subject="c-1", at=on.now))
    before = await on.everything()
    assert (await hand_over(gateway, bounce(id_)))["ignored"] == "unmatched"
    assert await on.everything() == before


# ── complaints ───────────────────────────────────────────────────────────────────────────────


async def test_a_complaint_ends_what_we_say_first_of_its_purpose(
    on: Stage, gateway: httpx2.AsyncClient, operator: httpx2.AsyncClient
) -> None:
    id_ = await told(on)
    raw = feedback(original=f"Original-Mail-From: <{PATHS.return_path(id_, ADA)}>\n")
    assert (await hand_over(gateway, raw))["kind"] == "complaint"
    await on.hear(opened(on.now, "i-2"), impact(on.now, "c-1", incident_id="i-2"))
    assert await on.ledger() == [("opened", "delivered", None), ("opened", "suppressed", "opted_out")]
    assert kinds(on.said()) == ["delivered", "complained", "suppressed"]
    assert (await on.rows("SELECT incident, guidance FROM preferences")) == [{"incident": False, "guidance": None}]
    await on.hear(replied(on.now, "reply"))
    assert on.office.kinds(ADA)[-1] == "reply"
    [record] = (await operator.get("/v1/rules")).json()["items"]
    assert (record["rule"], record["complaints"]) == ("checkout-failing", 1)
    [item] = (await operator.get("/v1/suppressions/complaints")).json()["items"]
    assert (item["customer_id"], item["notification_id"], item["purpose"], item["feedback"]) == ("c-1", id_, "incident", "abuse")
    await operator.put("/v1/customers/c-1/preferences", json={"incident": True})
    assert (await operator.get("/v1/suppressions/complaints")).json()["items"] == []


async def test_a_complaint_about_an_answer_ends_nothing(on: Stage, gateway: httpx2.AsyncClient) -> None:
    await on.hear(customer("c-1", at=on.now, contacts=(Contact(channel="email", address=ADA),)))
    await on.hear(replied(on.now, "reply"))
    [row] = await on.rows("SELECT id FROM notifications")
    await hand_over(gateway, feedback(original=f"Original-Mail-From: <{PATHS.return_path(row['id'], ADA)}>\n"))
    assert await on.rows("SELECT * FROM preferences") == []
    assert len(await on.rows("SELECT * FROM returned_mails")) == 1


# ── what providers say in JSON ───────────────────────────────────────────────────────────────


async def test_a_provider_says_it_in_json(on: Stage, gateway: httpx2.AsyncClient) -> None:
    id_ = await told(on, ADA, BOB)
    said = {"message_id": f"<{id_}@example.com>", "kind": "bounce", "code": "5.1.1", "recipient": ADA}
    answer = await gateway.post("/v1/bounces", json=said)
    assert answer.json() == {"notification_id": id_, "kind": "address", "ignored": None, "new": True}
    assert (await gateway.post("/v1/bounces", json=said)).json()["new"] is False
    await on.loop.settle()
    assert await marked(on) == [ADA]
    assert on.office.kinds(BOB) == ["opened"]
    again = {"notification_id": id_, "kind": "bounce", "code": "5.1.1", "recipient": BOB}
    assert (await gateway.post("/v1/bounces", json=again)).json()["new"] is True
    assert await marked(on) == [ADA, BOB]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"kind": "bounce"}, 422),
        ({"kind": "bounce", "notification_id": "n", "message_id": "m"}, 422),
        ({"kind": "delivery", "notification_id": "n"}, 422),
        ({"kind": "bounce", "notification_id": "n", "more": 1}, 422),
        ({"kind": "bounce", "notification_id": "n", "code": "5.1.1\n"}, 422),
        ({"kind": "bounce", "notification_id": "n"}, 200),
    ],
)
async def test_what_is_said_in_json_is_checked(gateway: httpx2.AsyncClient, said: dict[str, str], status: int) -> None:
    assert (await gateway.post("/v1/bounces", json=said)).status_code == status


async def test_who_may_say_it(on: Stage, gateway: httpx2.AsyncClient) -> None:
    assert (await gateway.post("/v1/bounces", content=b"x", headers={"Content-Type": "text/plain"})).status_code == 415
    for token, status in ((None, 401), ("agent-token", 403), ("operator-token", 200)):
        async with on.client(token) as client:
            assert (await client.post("/v1/bounces", content=b"x", headers=MAIL)).status_code == status
            assert (await client.get("/v1/suppressions/addresses")).status_code == (401 if token is None else 200)


# ── the sender's brake ───────────────────────────────────────────────────────────────────────

SENT = """
    WITH told AS (
        INSERT INTO notifications (id, customer_id, kind, incident_id, about_at, status, channel, sent_at, settled_at, attempts)
        SELECT 'n-' || n, 'x-' || n, 'opened', 'i-0', clock(), 'delivered', 'email', clock(), clock(), '[{}]'
        FROM generate_series(1, $1::int) n RETURNING id)
    INSERT INTO deliveries (notification_id, channel, address, status, ended_at) SELECT id, 'email', id, 'delivered', clock() FROM told"""
BACK = """
    INSERT INTO returned_mails (id, notification_id, channel, kind, code)
    SELECT 'r' || $2 || n, 'x-' || n, 'email', $2, '' FROM generate_series(1, $1::int) n"""


async def state(operator: httpx2.AsyncClient) -> tuple[str, str | None]:
    [item] = (await operator.get("/v1/channels")).json()["items"]
    return item["level"], item["cause"]


@pytest.mark.parametrize(
    ("sent", "kind", "back", "found"),
    [
        (190, "address", 9, ("ok", None)),  # of 199
        (191, "address", 9, ("warn", "bounces")),
        (196, "refused", 4, ("ok", None)),  # 2 %
        (1000, "transient", 500, ("ok", None)),
        (950, "address", 50, ("warn", "bounces")),  # 5 %
        (949, "address", 51, ("pause", "bounces")),
        (999, "complaint", 50, ("ok", None)),
        (1000, "complaint", 1, ("ok", None)),
        (1000, "complaint", 2, ("warn", "complaints")),
        (1000, "complaint", 3, ("warn", "complaints")),
        (1000, "complaint", 4, ("pause", "complaints")),
    ],
)
async def test_the_brake_counts_what_came_back_of_what_was_sent(
    on: Stage, operator: httpx2.AsyncClient, sent: int, kind: str, back: int, found: tuple[str, str | None]
) -> None:
    await on.rows(SENT, sent)
    await on.rows(BACK, back, kind)
    await on.loop.advance(MINUTE)
    assert await state(operator) == found


async def test_a_channel_that_pauses_brings_what_is_critical_or_asked_for_until_a_person_lets_it_go_on(
    on: Stage, operator: httpx2.AsyncClient
) -> None:
    await on.hear(customer("c-1", at=on.now, contacts=(Contact(channel="email", address=ADA),)))
    await on.rows(SENT, 400)
    await on.rows(BACK, 100, "address")
    await on.loop.advance(MINUTE)
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    assert await on.ledger() == [("opened", "waiting", None)]
    [row] = await on.rows("SELECT why FROM notifications WHERE customer_id = 'c-1'")
    assert row["why"].items() >= {"channel": "email", "cause": "bounces", "sent": 500, "bounced": 100, "waits_for": "paused"}.items()
    await on.hear(opened(on.now, "i-2", severity="critical"), impact(on.now, "c-1", incident_id="i-2"))
    await on.hear(replied(on.now, "reply"))
    assert on.office.kinds(ADA) == ["opened", "reply"]
    await on.loop.advance(2 * MINUTE)
    await on.hear(still_failing(on.now))
    assert on.office.kinds(ADA) == ["opened", "reply"]
    async with on.client("agent-token") as agent:
        assert (await agent.post("/v1/channels/email/resume")).status_code == 403
    [channel] = (await operator.post("/v1/channels/email/resume")).json()["items"]
    assert (channel["level"], channel["paused_at"], channel["resumed_by"]) == ("ok", None, "operator")
    await on.loop.settle()
    assert on.office.kinds(ADA) == ["opened", "reply", "opened"]
    await on.loop.advance(5 * MINUTE)
    assert await state(operator) == ("ok", None), "what came back before counts no more"
    assert (await operator.post("/v1/channels/email/resume")).status_code == 409
    assert (await operator.post("/v1/channels/fax/resume")).status_code == 404


async def test_what_came_back_a_day_ago_counts_no_more(on: Stage, operator: httpx2.AsyncClient) -> None:
    await on.rows(SENT, 1000)
    await on.rows(BACK, 30, "address")
    await on.loop.advance(MINUTE)
    assert await state(operator) == ("warn", "bounces")
    await on.loop.advance(24 * HOUR)
    assert await state(operator) == ("ok", None)
