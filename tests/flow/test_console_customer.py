"""A customer on the screen: who they are, whether they can be reached, what happened, and what may be done about them."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.console.acting.acts import Owner
from services.console.hearing.notifications import on_notifications
from services.console.sessions.roles import Role
from shared.events import NotificationAnswered, NotificationEngaged, NotificationReceived
from shared.settings import Settings
from tests.builders import NOON
from tests.flow.console_owner import FakeOwner
from tests.flow.console_rows import EVIL, there_is
from tests.flow.console_screen import Screen, screen

PAGE = "/customers/c-1"
FORM = {"form_id": "one-form-of-this-test"}


@pytest.fixture
async def on(fresh_database: Settings) -> AsyncIterator[Screen]:
    async with screen(fresh_database) as it:
        for table in ("customers", "incidents", "impact", "tickets", "notifications", "risks"):
            await there_is(it, table)
        yield it


@pytest.fixture
async def notifier(on: Screen) -> FakeOwner:
    owner = FakeOwner()
    owner.answer = {
        "incident": None,
        "items": [{"channel": "email", "address": "ada@example.org", "role": "owner", "bad": True}],
        "next": None,
    }
    owner.asked_by(on, *(each for each in Owner if each is not Owner.CONSOLE))
    return owner


async def page(on: Screen, role: Role = Role.OPERATOR) -> str:
    return await on.page(PAGE, role)


async def test_everything_about_one_customer_is_there(on: Screen, notifier: FakeOwner) -> None:
    text = await page(on)
    for words in ("Ada", "ada@example.org", "Checkout is failing", "Cannot pay", "We are on it already.", "stalled", "does not exist"):
        assert words in text, words


async def test_what_they_did_with_what_they_were_told_is_shown_here_and_with_the_incident(on: Screen, notifier: FakeOwner) -> None:
    about = {"notification_id": "n-1", "customer_id": "c-1", "kind": "resolved", "incident_id": "i-1"}
    facts = [
        NotificationReceived.of(NotificationReceived.Data(**about, channel="email", received_at=NOON), subject="c-1", at=NOON),
        NotificationEngaged.of(NotificationEngaged.Data(**about, action="opened"), subject="c-1", at=NOON),
        *(
            NotificationAnswered.of(
                NotificationAnswered.Data(**about, answer=answer, question="helped"), subject="c-1", at=NOON + after, unique=answer
            )
            for answer, after in (("no", timedelta(minutes=1)), ("yes", timedelta(0)))
        ),
    ]
    for _ in range(2):
        async with on.database.transaction() as tx:
            await on_notifications(tx, facts)
    assert "arrived, opened, helped: no" in await page(on)
    assert "arrived, opened, helped: no" in await on.page("/why?customer=c-1&incident=i-1")
    shown = await on.page("/incidents/i-1")
    assert "said whether it helped: 0 yes, 1 no" in shown


async def test_without_notifier_the_rest_is_shown(on: Screen) -> None:
    text = await page(on)
    assert "notifier does not answer" in text
    assert "Cannot pay" in text


async def test_a_viewer_sees_nothing_personal(on: Screen, notifier: FakeOwner) -> None:
    text = await page(on, Role.VIEWER)
    for words in ("ada@example.org", ">Ada<", "Cannot pay", "We are on it already.", "acme", f'action="{PAGE}'):
        assert words not in text, words


async def test_nothing_becomes_markup(on: Screen, notifier: FakeOwner) -> None:
    await on.run("UPDATE customers SET name = $1, tier = $1, account = $1", EVIL)
    await on.run("UPDATE tickets SET subject = $1", EVIL)
    await on.run("UPDATE notifications SET subject = $1, body = $1", EVIL)
    await on.run("UPDATE risks SET rule = $1", EVIL)
    assert "<script>alert" not in await page(on)


async def test_a_customer_known_by_impact_alone_has_a_page_and_an_unknown_one_has_none(on: Screen) -> None:
    await on.run("DELETE FROM customers")
    await page(on)
    async with on.seen_by(Role.VIEWER) as browser:
        assert (await browser.get("/customers/nobody")).status_code == 404


async def test_preferences_are_set_with_notifier(on: Screen, notifier: FakeOwner) -> None:
    async with on.seen_by(Role.AGENT) as browser:
        answer = await browser.post(f"{PAGE}/preferences", data={**FORM, "incident": "no", "guidance": ""})
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    [asked] = [each for each in notifier.asked if each["method"] == "PUT"]
    assert asked["body"] == {"incident": False, "guidance": None}


@pytest.mark.parametrize(
    ("form", "needs"), [("preferences", Role.AGENT), ("export", Role.LEAD), ("clear-mark", Role.OPERATOR), ("erase", Role.OPERATOR)]
)
async def test_each_act_needs_its_role(on: Screen, notifier: FakeOwner, form: str, needs: Role) -> None:
    for role in Role:
        async with on.seen_by(role) as browser:
            answer = await browser.post(f"{PAGE}/{form}", data={"form_id": f"form-of-{role}", "confirm": "no"})
        assert (answer.status_code == 403) is not role.may(needs), role


async def test_the_export_has_all_services_and_is_in_the_audit_log(on: Screen, notifier: FakeOwner) -> None:
    notifier.answer = {"items": [{"name": "tickets", "row": {"number": 1}}], "next": None}
    await on.run("INSERT INTO drafts (person, place, customer_id, text) VALUES ('bob', 'ticket:t-1:reply', 'c-1', 'Dear Ada')")
    async with on.seen_by(Role.LEAD) as browser:
        answer = await browser.post(f"{PAGE}/export", data=FORM)
    said = answer.json()
    assert said["services"]["ticketing"] == [{"name": "tickets", "row": {"number": 1}}]
    assert "Dear Ada" in str(said["services"]["console"])
    assert said["missing"] == []
    assert [row["act"] for row in await on.rows("SELECT act FROM audit")] == ["customer.export"]


async def test_an_erasure_needs_the_id_typed_again(on: Screen, notifier: FakeOwner) -> None:
    async with on.seen_by(Role.OPERATOR) as browser:
        answer = await browser.post(f"{PAGE}/erase", data={**FORM, "confirm": "c-2"})
    assert answer.status_code == 422
    assert "nothing was erased" in answer.text
    assert await on.rows("SELECT * FROM audit") == []


async def test_risks_stand_in_the_time_line_with_their_evidence(on: Screen, notifier: FakeOwner) -> None:
    await on.run(
        "UPDATE risks SET evidence = '{No log-in for 14 days}', cleared_at = raised_at + interval '1 minute', reason = 'they came back'"
    )
    async with on.seen_by(Role.AGENT) as browser, on.seen_by(Role.VIEWER) as viewer:
        text, masked = (await browser.get(PAGE)).text, (await viewer.get(PAGE)).text
    line = text[text.index("Everything that happened") : text.index("</ol>")]
    assert line.index("they came back") < line.index("No log-in for 14 days")
    assert line.count("risk stalled") == 2
    assert "No log-in" not in masked
