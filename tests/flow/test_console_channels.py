"""The page of channels: what notifier says of them, and an operator who stops one, takes a mark back and has an endpoint called again."""

from datetime import timedelta
from typing import Any

from services.console.acting.acts import Owner
from services.console.hearing.notifications import on_notifications
from services.console.sessions.roles import Role
from shared.events import NotificationBounced, NotificationComplained, NotificationDelivered, NotificationFailed
from shared.http.problems import Problem
from shared.settings import Settings
from tests.flow.console_owner import FakeOwner
from tests.flow.console_rows import EVIL, NOW, there_is
from tests.flow.console_screen import Screen, screen

PAUSED: dict[str, Any] = {
    "channel": "email",
    "level": "pause",
    "cause": "bounces",
    "sent": 1000,
    "bounced": 51,
    "paused_at": "2026-11-27T09:00:00Z",
    "paused_by": "",
    "hour": {"sent": 7, "accepted": 5, "failed": {"refused": 2}},
    "day": {"sent": 1000, "accepted": 949, "failed": {"refused": 2}, "bounced": {"address": 51}, "complained": 1},
    "breaker": {"since": "2026-11-27T09:10:00Z", "next_probe_at": "2026-11-27T09:20:00Z"},
    "hours": [{"at": "2026-11-27T09:00:00Z", "accepted": 5, "failed": 2, "bounced": 51}],
}
GOING = {"channel": "sms", "level": "ok", "cause": None, "resumed_by": "grace", "resumed_at": "2026-11-27T08:00:00Z"}
MARK = {
    "id": "a1",
    "customer_id": "c-1",
    "address": "ada@example.org",
    "masked": "a•••@example.org",
    "detail": "5.1.1",
    "said_by": "bounce",
}
ENDPOINT = {"id": "e-1", "url": "https://hooks.example.org/secret", "disabled_why": "failing", "last_failure": "503"}
ANSWER: dict[str, Any] = {
    "items": [PAUSED | MARK | ENDPOINT, GOING],  # of channels, marks and endpoints alike: it answers every question with all of this
    "limits": {"bounces_pause": 0.05},
    "suppressed": {"hour": {"capped": 1}, "day": {"capped": 4, "opted_out": 9}, "waiting": 3},
}


def form(number: int, **fields: str) -> dict[str, str]:
    return {"form_id": f"form-{number:04}", "reason": "They called.", **fields}


SENT = {
    "/channels/pause": form(1, name="sms"),
    "/channels/resume": form(2, name="email"),
    "/channels/take-back": form(3, mark_id="a1", customer_id="c-1"),
    "/channels/enable": form(4, endpoint_id="e-1"),
}
POSTED: dict[str, dict[str, str]] = {
    "/v1/channels/sms/pause": {"reason": "They called."},
    "/v1/channels/email/resume": {"reason": "They called."},
    "/v1/suppressions/addresses/a1/take-back": {"customer_id": "c-1", "reason": "They called."},
    "/v1/endpoints/e-1/enable": {},
}


async def test_an_operator_acts_on_channels_marks_and_endpoints_once_and_others_look_on(fresh_database: Settings) -> None:
    owner = FakeOwner()
    owner.answer = ANSWER
    async with screen(fresh_database) as on:
        owner.asked_by(on, Owner.NOTIFIER)
        async with on.seen_by(Role.OPERATOR) as browser:
            text = (await browser.get("/channels")).text
            answers = [(await browser.post(path, data=data)).status_code for path, data in SENT.items() for _ in range(2)]
            owner.problem = Problem(409, "the channel does not pause")
            refused = await browser.post("/channels/resume", data=form(5, name="email"))
            owner.problem = None
        acts = [tuple(each.values()) for each in await on.rows("SELECT act, subject FROM audit WHERE outcome = 'done' ORDER BY id")]
        async with on.seen_by(Role.VIEWER) as browser:
            seen = (await browser.get("/channels")).text
            forbidden = [(await browser.post(path, data=data)).status_code for path, data in SENT.items()]
    # It says how it stands
    for words in (
        "Of 1",
        "51 (5.1 %) came back for good; the limit is 5 %",
        "refuses us",
        "grace let it go on",
        "do not want it",
        "3 messages",
    ):
        assert words in text, words
    assert "the message came back" in text
    assert "it took none of its last calls" in text
    assert "secret" not in text
    assert "ada@example.org" not in text
    # Each act reaches notifier once, with the reason
    posted = {each["path"]: each["body"] for each in owner.asked if each["method"] == "POST"}
    assert answers == [303] * 8
    assert posted == POSTED
    assert acts == [
        ("channel.pause", "channel:sms"),
        ("channel.resume", "channel:email"),
        ("customer.take_mark_back", "customer:c-1"),
        ("endpoint.enable", "endpoint:e-1"),
    ]
    assert (refused.status_code, "the channel does not pause" in refused.text) == (409, True)
    # Others look on, and see no address
    assert "a•••@example.org" not in seen
    assert 'action="/channels' not in seen
    assert forbidden == [403] * 4


async def test_without_notifier_and_with_hostile_words_the_page_stands(fresh_database: Settings) -> None:
    owner = FakeOwner()
    owner.answer = {"items": [dict.fromkeys((*PAUSED, *MARK, *ENDPOINT), EVIL), {}], "suppressed": {"day": {EVIL: 1}}, "next": EVIL}
    async with screen(fresh_database) as on, on.seen_by(Role.OPERATOR) as browser:
        assert "notifier does not answer" in (await browser.get("/channels")).text
        owner.asked_by(on, Owner.NOTIFIER)
        answer = await browser.get("/channels")
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text


# ── what came back of a message ──────────────────────────────────────────────────────────────

ABOUT: dict[str, Any] = {"notification_id": "n-2", "customer_id": "c-1", "kind": "opened", "incident_id": "i-1"}
THEN = NOW + timedelta(minutes=5)


def told(at: Any = NOW) -> NotificationDelivered:
    said = NotificationDelivered.Data(**ABOUT, channel="email", delivered_at=at, message_id="m", subject="s", body="Words.")
    return NotificationDelivered.of(said, subject="c-1", at=at, unique=at)


BOUNCED = NotificationBounced.of(
    NotificationBounced.Data(**ABOUT, channel="email", bounced_at=THEN, reason="address", code="5.1.1"), subject="c-1", at=THEN
)
FAILED = NotificationFailed.of(
    NotificationFailed.Data(**ABOUT, channel="email", failed_at=THEN, reason="address", detail="5.1.1"), subject="c-1", at=THEN
)
COMPLAINED = NotificationComplained.of(
    NotificationComplained.Data(**ABOUT, channel="email", complained_at=THEN, feedback="abuse"), subject="c-1", at=THEN
)


async def _seen(on: Screen, *facts: Any) -> tuple[str, str]:
    """Returns the page of the customer and that of why, once these facts are heard."""
    async with on.database.transaction() as tx:
        await on_notifications(tx, facts)
    return await on.page("/customers/c-1", Role.AGENT), await on.page("/why?notification=n-2", Role.AGENT)


async def test_what_came_back_is_said_in_the_customers_line_and_in_the_chain_of_why(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on:
        for table in ("customers", "incidents", "impact"):
            await there_is(on, table)
        customer, why = await _seen(on, told())
        assert "came back" not in customer + why
        pages = await _seen(on, BOUNCED, FAILED)
        again = await _seen(on, BOUNCED, FAILED)
        changes = {each["key"] for each in await on.rows("SELECT key FROM changes")}
        customer, why = await _seen(on, told(THEN + timedelta(minutes=1)))
    for page in (*pages, *again):
        assert "It came back: there is no such address." in page
    assert "A server took it by email. It came back" in pages[1]
    assert {"channels", "incident:i-1"} <= changes
    # It was brought to another address after that
    assert "An earlier try came back." in why
    assert "They were told that an incident affects them." in why


async def test_a_complaint_is_said_beside_the_message_that_it_is_about(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on:
        for table in ("customers", "incidents", "impact"):
            await there_is(on, table)
        pages = await _seen(on, told(), COMPLAINED)
    for page in pages:
        assert "They called it spam, so they are told nothing first of its purpose any more." in page
