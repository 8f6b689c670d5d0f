"""What one customer must know at about the same time is told in one message, and each thing stays a notification of its own."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import httpx2
import pytest

from deploy.local.why import why_on
from services.notifier.lanes import LANES
from shared.events import CustomerErased, IncidentResolved, NotificationDelivered, NotificationFailed
from shared.settings import Settings
from tests.builders import customer
from tests.flow.notifier_stage import (
    HOUR,
    MINUTE,
    SECOND,
    Stage,
    impact,
    opened,
    resolved,
    stage,
    updated,
)
from tests.flow.test_console_slow_reader import until
from tests.flow.test_notifier_bounces import PATHS, bounce, hand_over
from tests.flow.test_notifier_quiet import notifier
from tests.flow.test_streams import serving
from tests.smtp import Do
from tests.unit.notifier.bounces.samples import feedback

pytestmark = pytest.mark.asyncio

ADA = "c-1@example.org"
WITHIN = ("# digest: ", "digest: {within: 10m, most: 4}\n# digest: ")


@pytest.fixture
async def digesting(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Stage]:
    """Yields a notifier that tells in one message what follows within ten minutes, four things at most; c-1 was told of i-0 just now."""
    async with notifier(fresh_database, tmp_path, WITHIN, bounce_address=PATHS.address) as on:
        await on.know("c-1")
        await trouble(on, "i-0")
        yield on


def part(incident_id: str) -> str:
    """Returns the component that an incident is about."""
    return incident_id.replace("i", "part")


async def trouble(on: Stage, *incident_ids: str, **data: object) -> None:
    for incident_id in incident_ids:
        await on.hear(opened(on.now, incident_id, component=part(incident_id), **data), impact(on.now, "c-1", incident_id=incident_id))


async def go_on(on: Stage, *incident_ids: str, minutes: int = 10) -> None:
    """Lets ten minutes go by, in which these incidents go on."""
    for _ in range(minutes):
        for revision, incident_id in enumerate(incident_ids, int(on.now.timestamp())):
            await on.hear(updated(on.now, incident_id, component=part(incident_id), revision=revision))
        await on.loop.advance(MINUTE)


def over(on: Stage, incident_id: str) -> IncidentResolved:
    return resolved(on.now, incident_id, component=part(incident_id), revision=2**31 - 1)


def told(mail: EmailMessage) -> list[str]:
    """Returns the incidents that a mail tells of, by their components."""
    said = mail.get_body(("plain",))
    assert said is not None
    return sorted({f"i-{number}" for number in re.findall(r"part-(\d)", said.get_content())})


async def ledger(on: Stage) -> dict[str, str]:
    rows = await on.rows("SELECT incident_id, status, reason FROM notifications WHERE kind = 'opened'")
    return {row["incident_id"]: row["reason"] or row["status"] for row in rows}


async def test_what_follows_is_told_in_one_message_once_ten_minutes_are_over(digesting: Stage) -> None:
    on = digesting
    await trouble(on, "i-1", "i-2", "i-3")
    assert await ledger(on) == {"i-0": "delivered", **dict.fromkeys(("i-1", "i-2", "i-3"), "waiting")}
    await go_on(on, "i-1", "i-2", "i-3")
    alone, together = on.office.to(ADA)
    assert (told(alone), told(together)) == (["i-0"], ["i-1", "i-2", "i-3"])
    assert str(together["Subject"]).endswith("(and 2 more)")
    page = together.get_body(("html",))
    assert page is not None
    assert "Began at" not in page.get_content(), "what is known of the first alone does not stand under all of them"
    assert set((await ledger(on)).values()) == {"delivered"}
    # each is a notification of its own, with the words about it and the id of the message
    facts = {fact.data.incident_id: fact.data for fact in on.said() if isinstance(fact, NotificationDelivered)}
    assert {each.message_id for name, each in facts.items() if name != "i-0"} == {together["Message-ID"]}
    assert "part-2" in facts["i-2"].body
    assert "part-1" not in facts["i-2"].body
    assert await on.rows("SELECT kind, ref FROM due WHERE kind = ANY ($1)", list(LANES)) == []


async def test_why_says_what_it_waits_for_and_with_what_it_was_told(digesting: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    on = digesting
    await trouble(on, "i-1", "i-2")
    async with serving(on.service) as url:
        await why_on("http://127.0.0.1:1", url, "operator-token", "i-2", "c-1")
        assert "what follows within 600.0 s of it is told together." in capsys.readouterr().out
        on.office.at_recipient[ADA] = ["450 4.2.1 later"]
        await go_on(on, "i-1", "i-2")
        [joined] = await on.rows("SELECT incident_id, told_with FROM notifications WHERE told_with IS NOT NULL")
        await why_on("http://127.0.0.1:1", url, "operator-token", joined["incident_id"], "c-1")
        said = capsys.readouterr().out
        assert "It is told in one message with another notification" in said
        assert f"told in one message with the notification {joined['told_with']}" in said


async def test_the_first_end_is_told_at_once_and_those_that_follow_together_in_their_thread(digesting: Stage) -> None:
    on = digesting
    await trouble(on, "i-1", "i-2")
    await go_on(on, "i-1", "i-2")
    digest = on.office.to(ADA)[-1]
    for each in ("i-0", "i-1", "i-2"):
        await on.hear(over(on, each))
    await go_on(on)
    first, others = on.office.to(ADA)[2:]
    assert [told(first), told(others)] == [["i-0"], ["i-1", "i-2"]]
    assert (others["X-Forewarn-Kind"], others["In-Reply-To"]) == ("resolved", digest["Message-ID"])


async def test_what_is_critical_waits_for_nothing_and_takes_along_what_waits(digesting: Stage) -> None:
    on = digesting
    await trouble(on, "i-1")
    await trouble(on, "i-2", severity="critical")
    assert [told(mail) for mail in on.office.to(ADA)] == [["i-0"], ["i-1", "i-2"]]
    assert on.office.to(ADA)[-1]["X-Forewarn-Incident"] == "i-2"


async def test_what_is_over_by_then_is_not_told(digesting: Stage) -> None:
    on = digesting
    await trouble(on, "i-1", "i-2", "i-3")
    await go_on(on, "i-1", "i-3", minutes=9)
    await on.hear(over(on, "i-2"))
    await go_on(on, "i-1", "i-3", minutes=1)
    assert [told(mail) for mail in on.office.to(ADA)] == [["i-0"], ["i-1", "i-3"]]
    assert (await ledger(on))["i-2"] == "stale"


async def test_a_message_tells_so_many_at_most_and_counts_once_for_the_cap(digesting: Stage) -> None:
    on = digesting
    names = [f"i-{number}" for number in range(1, 8)]
    await trouble(on, *names)
    for _ in range(3):
        await go_on(on, *names)
    assert [len(told(mail)) for mail in on.office.to(ADA)] == [1, 4, 3]
    assert set((await ledger(on)).values()) == {"delivered"}


async def test_what_a_server_puts_off_is_tried_again_without_what_is_over_meanwhile(digesting: Stage) -> None:
    on = digesting
    await trouble(on, "i-1", "i-2", "i-3")
    on.office.at_recipient[ADA] = ["450 4.2.1 later"]
    await go_on(on, "i-1", "i-2", "i-3")
    assert len(on.office.to(ADA)) == 1
    await on.hear(over(on, "i-3"))
    await go_on(on, "i-1", "i-2", minutes=2)
    assert [told(mail) for mail in on.office.to(ADA)] == [["i-0"], ["i-1", "i-2"]]
    assert await ledger(on) == {**dict.fromkeys(("i-0", "i-1", "i-2"), "delivered"), "i-3": "stale"}


async def test_when_that_of_the_message_is_over_the_others_are_told_by_themselves(digesting: Stage) -> None:
    on = digesting
    await trouble(on, "i-1", "i-2", "i-3")
    on.office.at_recipient[ADA] = ["450 4.2.1 later"]
    await go_on(on, "i-1", "i-2", "i-3")
    [first] = [
        row["incident_id"] for row in await on.rows("SELECT incident_id FROM notifications WHERE told_with IS NULL AND status = 'waiting'")
    ]
    others = sorted({"i-1", "i-2", "i-3"} - {first})
    await on.hear(over(on, first))
    await go_on(on, *others, minutes=2)
    assert [told(mail) for mail in on.office.to(ADA)] == [["i-0"], others]
    assert await ledger(on) == {**dict.fromkeys(("i-0", *others), "delivered"), first: "stale"}


async def test_when_that_of_the_message_is_given_up_the_others_are_tried_on(fresh_database: Settings, tmp_path: Path) -> None:
    async with notifier(fresh_database, tmp_path, WITHIN, ("\nttl: 24h ", "\nttl: 55m ")) as on:
        await on.know("c-1")
        await trouble(on, "i-0", "i-1")
        await go_on(on, "i-1", minutes=9)
        await trouble(on, "i-2")
        on.office.at_recipient[ADA] = ["450 4.2.1 later"] * 4  # in the 10th minute, the 11th, 16th and 31st
        await go_on(on, "i-1", "i-2", minutes=55)
        assert [told(mail) for mail in on.office.to(ADA)] == [["i-0"], ["i-2"]]
        assert await ledger(on) == {"i-0": "delivered", "i-1": "expired", "i-2": "delivered"}


async def test_what_may_have_arrived_is_sent_again_with_the_same_id_and_nothing_new(digesting: Stage) -> None:
    on = digesting
    await trouble(on, "i-1", "i-2")
    on.office.at_end[ADA] = [Do.DROP]
    await go_on(on, "i-1", "i-2")
    await trouble(on, "i-3")
    await go_on(on, "i-1", "i-2", "i-3", minutes=2)
    _, first, again = on.office.to(ADA)
    assert (first["Message-ID"], told(first)) == (again["Message-ID"], told(again)) == (again["Message-ID"], ["i-1", "i-2"])
    assert (await ledger(on))["i-3"] == "waiting"


async def test_a_worker_that_died_leaves_all_of_the_message_to_the_next(digesting: Stage) -> None:
    on = digesting
    await trouble(on, "i-1", "i-2")
    await go_on(on, "i-1", "i-2", minutes=9)
    on.office.at_end[ADA] = [Do.HOLD]
    await on.clock.advance(MINUTE)
    worker = asyncio.create_task(on.deliver())
    await asyncio.wait_for(on.office.holding.wait(), 5)
    worker.cancel()
    await asyncio.wait({worker})
    on.office.gate.set()
    await on.loop.advance(MINUTE)
    _, first, again = on.office.to(ADA)
    assert (first["Message-ID"], told(first)) == (again["Message-ID"], told(again))
    assert set((await ledger(on)).values()) == {"delivered"}


async def test_an_address_that_does_not_exist_fails_all_and_another_one_gets_all(digesting: Stage) -> None:
    on = digesting
    await on.hear(customer("c-1", at=on.now, contacts=[{"channel": "email", "address": each} for each in (ADA, "ada@example.com")]))
    await trouble(on, "i-1", "i-2")
    on.office.at_recipient[ADA] = ["550 5.1.1 no such user"]
    await go_on(on, "i-1", "i-2", minutes=11)
    assert [told(mail) for mail in on.office.to("ada@example.com")] == [["i-1", "i-2"]]
    await trouble(on, "i-3", "i-4")
    on.office.at_recipient["ada@example.com"] = ["550 5.1.1 no such user"]
    await go_on(on, "i-1", "i-2", "i-3", "i-4", minutes=11)
    assert {(await ledger(on))[each] for each in ("i-3", "i-4")} == {"address"}


async def test_a_bounce_says_of_all_that_it_did_not_arrive(digesting: Stage) -> None:
    on = digesting
    await trouble(on, "i-1", "i-2", "i-3")
    await go_on(on, "i-1", "i-2", "i-3")
    digest = on.office.to(ADA)[-1]
    [row] = await on.rows("SELECT id FROM notifications WHERE told_with IS NULL AND incident_id <> 'i-0'")
    assert digest["Message-ID"] == f"<{row['id']}@example.com>"
    async with on.client("producer-token") as gateway:
        await hand_over(gateway, bounce(row["id"], status="5.7.1"))
    await on.loop.settle()
    assert await ledger(on) == {"i-0": "delivered", **dict.fromkeys(("i-1", "i-2", "i-3"), "refused")}
    failed = Counter(fact.data.incident_id for fact in on.said() if isinstance(fact, NotificationFailed))
    assert failed == Counter(("i-1", "i-2", "i-3"))
    # nobody gets the all-clear of what did not arrive
    await on.hear(*(over(on, each) for each in ("i-0", "i-1", "i-2", "i-3")))
    await go_on(on)
    assert on.office.kinds(ADA)[2:] == ["resolved"]


async def test_what_a_customer_says_of_a_message_counts_for_all_of_which_it_told(digesting: Stage) -> None:
    on = digesting
    await trouble(on, "i-1", "i-2")
    await go_on(on, "i-1", "i-2")
    digest = on.office.to(ADA)[-1]
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(on.service.public_app()), base_url="http://notify") as anybody:
        assert (await anybody.post(str(digest["List-Unsubscribe"]).strip("<>"))).status_code == 200
    async with on.client("producer-token") as gateway:
        id_ = str(digest["Message-ID"]).strip("<>").partition("@")[0]
        await hand_over(gateway, feedback(original=f"Original-Mail-From: <{PATHS.return_path(id_, ADA)}>\n"))
    counted = await on.rows("SELECT id, opt_outs, complaints FROM gates ORDER BY id")
    assert [tuple(row.values()) for row in counted] == [("i-0", 0, 0), ("i-1", 1, 1), ("i-2", 1, 1)]


async def test_when_that_of_the_message_is_taken_back_the_others_are_told(digesting: Stage) -> None:
    on = digesting
    await trouble(on, "i-1")
    await go_on(on, "i-1")
    await on.hear(over(on, "i-0"))
    # Given two ends that a server puts off, each by itself and then in one message
    await trouble(on, "i-2")
    await go_on(on, "i-2")
    on.office.at_recipient[ADA] = ["450 4.2.1 later"] * 3
    for each in ("i-1", "i-2"):
        await on.hear(over(on, each))
    await go_on(on, minutes=2)
    joined = await on.rows("SELECT told_with FROM notifications WHERE status = 'waiting' AND told_with IS NOT NULL")
    [first] = await on.rows("SELECT incident_id FROM notifications WHERE id = $1", joined[0]["told_with"])
    [alarm] = await on.rows("SELECT id FROM notifications WHERE kind = 'opened' AND incident_id = $1", first["incident_id"])
    # When the alarm of the first comes back, so that no end of it is owed
    async with on.client("producer-token") as gateway:
        await hand_over(gateway, bounce(alarm["id"], status="5.7.1"))
    await go_on(on)
    # Then the other end is told
    assert on.office.kinds(ADA)[-1] == "resolved"
    assert told(on.office.to(ADA)[-1]) == sorted({"i-1", "i-2"} - {first["incident_id"]})
    assert await on.rows("SELECT 1 FROM notifications WHERE status = 'waiting'") == []


async def test_what_somebody_else_looks_at_meanwhile_is_told_afterwards(digesting: Stage) -> None:
    on = digesting
    await trouble(on, "i-1", "i-2")
    on.office.at_recipient[ADA] = ["450 4.2.1 later"]
    await go_on(on, "i-1", "i-2")
    async with on.service.database.transaction() as tx:
        await tx.execute("SELECT 1 FROM notifications WHERE told_with IS NOT NULL FOR UPDATE")
        going_on = asyncio.create_task(on.loop.advance(MINUTE))
        await until(lambda: len(on.office.to(ADA)) == 2)
    await going_on
    await go_on(on, "i-1", "i-2")
    assert sorted(each for mail in on.office.to(ADA) for each in told(mail)) == ["i-0", "i-1", "i-2"]
    assert set((await ledger(on)).values()) == {"delivered"}


async def test_who_is_erased_while_it_is_tried_is_told_none_of_it(digesting: Stage) -> None:
    on = digesting
    await trouble(on, "i-1", "i-2")
    on.office.at_recipient[ADA] = ["450 4.2.1 later"] * 3
    await go_on(on, "i-1", "i-2")
    erasing = CustomerErased.of(CustomerErased.Data(customer_id="c-1", erased_at=on.now), subject="c-1", at=on.now)
    await on.hear(erasing)
    await on.loop.advance(HOUR)
    assert len(on.office.to(ADA)) == 1
    assert set((await ledger(on)).values()) == {"erased"}
    assert await on.rows("SELECT 1 FROM notifications WHERE status = 'waiting'") == []


async def test_a_digest_that_is_switched_off_meanwhile_is_brought_all_the_same(digesting: Stage, fresh_database: Settings) -> None:
    on = digesting
    await trouble(on, "i-1", "i-2")
    on.office.at_recipient[ADA] = ["450 4.2.1 later"]
    await go_on(on, "i-1", "i-2")
    async with stage(fresh_database) as after:
        await after.clock.set(on.now)
        await after.loop.advance(90 * SECOND)
        assert [told(mail) for mail in after.office.to(ADA)] == [["i-1", "i-2"]]


async def test_each_is_told_alone_where_no_digest_is_wanted(on: Stage) -> None:
    await on.know("c-1")
    await trouble(on, "i-1", "i-2")
    assert [told(mail) for mail in on.office.to(ADA)] == [["i-1"], ["i-2"]]
