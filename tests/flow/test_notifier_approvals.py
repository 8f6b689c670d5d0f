"""A large audience waits until a person approves of exactly what they saw; what is not approved is not told."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.notifier.acts.releasing import Releasing
from services.notifier.public.links import Right, token_for
from services.notifier.store.releases import RELEASE
from shared.events import IncidentSplit
from shared.settings import Settings
from shared.timers import Work
from tests.builders import acted
from tests.flow.notifier_consent import ask, customers, small_stage, story, told, touch, waiting
from tests.flow.notifier_stage import HOUR, MINUTE, SECOND, Stage, impact, opened, resolved, updated

pytestmark = pytest.mark.asyncio


@pytest.fixture
async def on(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Stage]:
    async with small_stage(fresh_database, tmp_path) as it:
        yield it


async def act(on: Stage, approval: dict[str, Any], what: str, *, person: str = "eve", **said: Any) -> int:
    """Has a person act on an approval as they have seen it; returns the status."""
    if what.startswith("approve"):
        said.setdefault("seen", (await story(on, approval["id"]))["seen"])
    answer = await ask(on, "POST", f"/v1/approvals/{approval['id']}/{what}", said or None, person=person)
    await on.loop.settle()
    return answer.status_code


async def asked(on: Stage, count: int = 5) -> dict[str, Any]:
    """Has an incident touch so many customers; returns its approval."""
    await touch(on, *customers(count))
    [approval] = await waiting(on)
    return approval


async def test_an_audience_within_the_limit_is_told_without_asking(on: Stage) -> None:
    await touch(on, *customers(3))
    assert await told(on) == {"c-1", "c-2", "c-3"}
    assert await waiting(on) == []


async def test_what_is_above_the_limit_waits_and_is_told_when_it_is_approved(on: Stage) -> None:
    approval = await asked(on)
    assert (approval["rule"], approval["gate"], approval["total"], await told(on)) == ("checkout-failing", "i-1", 5, set())
    assert await act(on, approval, "approve", reason="it is real") == 200
    assert await told(on) == set(customers(5))
    assert await waiting(on) == []
    done = await story(on, approval["id"])
    assert (done["standing"], done["decided_by"], done["reason"], done["waiting"]) == ("approved", "eve", "it is real", 0)
    assert done["left_out"] == {"delivered": 5}


async def test_those_who_came_before_the_audience_grew_are_told_and_the_rest_waits(on: Stage) -> None:
    await touch(on, *customers(2))
    await touch(on, *customers(3, first=3), chunk=1)
    assert await told(on) == {"c-1", "c-2"}
    [approval] = await waiting(on)
    assert (approval["total"], (await story(on, approval["id"]))["waiting"]) == (5, 3)


async def test_all_that_is_needed_to_decide_is_shown(on: Stage) -> None:
    await on.know("c-9", contacts=())
    await on.know("c-1", name="")
    await on.know(*customers(4, first=2), timezone="Europe/Berlin")
    await on.hear(opened(on.now), impact(on.now, *customers(5), "c-9"))
    [approval] = await waiting(on)
    said = await story(on, approval["id"])
    assert said["channels"] == {"email": 5}
    assert (said["waiting"], said["left_out"], said["normal"], said["two_people_above"]) == (5, {"no_contact": 1}, None, 8)
    assert len(said["samples"]) == 3
    first = said["samples"][0]
    assert (first["customer_id"], first["missing"]) == ("c-1", ["name", "timezone"]), "the one with the most missing fields is shown"
    assert first["text"].startswith("Hello there,")
    assert all("/u/" not in each["text"] for each in said["samples"]), "nobody's link is shown"
    names = [each["customer_id"] for each in (await ask(on, "GET", f"/v1/approvals/{approval['id']}/recipients")).json()["items"]]
    assert set(names) == set(customers(5))


async def test_a_held_audience_is_not_decided_again_until_it_expires(on: Stage) -> None:
    await asked(on)
    rows = await on.rows("SELECT * FROM due WHERE kind = 'delivery'")
    assert {row["ready_at"] for row in rows} == {on.now + 4 * HOUR}


async def test_what_nobody_approves_in_time_is_not_told_nor_who_comes_later(on: Stage) -> None:
    approval = await asked(on)
    await on.goes_on(on.now + 4 * HOUR + SECOND)
    assert await on.ledger() == [("opened", "suppressed", "unapproved")]
    assert await act(on, approval, "approve") == 409
    await touch(on, "c-6", chunk=1)
    assert (await on.ledger("c-6")) == [("opened", "suppressed", "unapproved")]
    assert on.office.mails == []


async def test_a_rejected_audience_is_not_told_nor_who_comes_later_nor_the_end(on: Stage) -> None:
    approval = await asked(on)
    assert await act(on, approval, "reject", reason="a load test of ours") == 200
    assert await on.ledger() == [("opened", "suppressed", "unapproved")]
    await touch(on, "c-6", chunk=1)
    await on.hear(resolved(on.now))
    assert on.office.mails == []


async def test_what_is_over_before_it_is_approved_is_not_told(on: Stage) -> None:
    await asked(on)
    await on.hear(resolved(on.now))
    assert await on.ledger() == [("opened", "suppressed", "stale")]


async def test_who_was_told_hears_of_the_end_without_approval(on: Stage) -> None:
    approval = await asked(on)
    await act(on, approval, "approve")
    await on.hear(resolved(on.now))
    assert await told(on, "resolved") == set(customers(5))


async def test_the_first_few_are_told_and_the_others_wait(on: Stage) -> None:
    approval = await asked(on)
    assert await act(on, approval, "approve-first") == 200
    assert len(await told(on)) == 2
    assert (await story(on, approval["id"]))["waiting"] == 3
    await act(on, approval, "approve")
    assert await told(on) == set(customers(5))


async def test_consent_is_void_when_the_audience_has_grown_since_it_was_seen(on: Stage) -> None:
    approval = await asked(on)
    seen = (await story(on, approval["id"]))["seen"]
    await touch(on, "c-6", chunk=1)
    for what in ("approve", "approve-first"):
        assert await act(on, approval, what, seen=seen) == 409
    assert await told(on) == set()
    assert await act(on, approval, "approve") == 200


async def test_consent_is_void_when_the_words_have_changed_since_they_were_seen(on: Stage) -> None:
    approval = await asked(on)
    seen = (await story(on, approval["id"]))["seen"]
    await on.hear(updated(on.now, revision=5, title="all is lost"))
    assert await act(on, approval, "approve", seen=seen) == 409
    assert await told(on) == set()


async def test_approved_words_that_change_before_they_are_sent_are_to_be_approved_again(on: Stage) -> None:
    approval = await asked(on)
    seen = (await story(on, approval["id"]))["seen"]
    answer = await ask(on, "POST", f"/v1/approvals/{approval['id']}/approve", {"seen": seen})
    assert answer.status_code == 200
    await on.consume(updated(on.now, revision=5, title="all is lost"))  # before anything that was released is sent
    await on.loop.settle()
    assert await told(on) == set()
    assert (await story(on, approval["id"]))["standing"] == "waiting"
    assert await act(on, approval, "approve") == 200
    assert await told(on) == set(customers(5))
    assert all("all is lost" in str(mail["Subject"]).lower() for _, mail in on.office.mails)


async def test_who_comes_after_an_approval_is_a_new_audience(on: Stage) -> None:
    approval = await asked(on)
    await act(on, approval, "approve")
    await touch(on, "c-6", "c-7", chunk=1)
    assert await told(on) == set(customers(7)), "so many go alone at this step"
    await touch(on, *customers(2, first=8), chunk=2)
    [second] = await waiting(on)
    assert (second["round"], (await story(on, second["id"]))["waiting"]) == (2, 2)


async def test_words_are_edited_for_this_audience_alone(on: Stage) -> None:
    approval = await asked(on)
    words = {"subject": "Payments fail", "body": "Hello {name}, use {{cash}}."}
    assert await act(on, approval, "words", words=words, reason="plainer") == 200
    assert (await story(on, approval["id"]))["samples"][0]["text"] == "Hello Ada, use {cash}."
    await act(on, approval, "approve")
    assert {str(mail["Subject"]) for _, mail in on.office.mails} == {"Payments fail"}
    assert await act(on, approval, "words", words={"subject": "x", "body": "{password}"}, reason="r") == 422


async def test_who_is_taken_out_is_not_told(on: Stage) -> None:
    approval = await asked(on)
    seen = (await story(on, approval["id"]))["seen"]
    assert await act(on, approval, "remove", customers=["c-2", "c-3"], reason="they have a contract of their own") == 200
    assert await act(on, approval, "approve", seen=seen) == 409, "that was a larger audience"
    assert await act(on, approval, "approve") == 200
    assert await told(on) == {"c-1", "c-4", "c-5"}
    await on.hear(resolved(on.now))
    assert await told(on, "resolved") == {"c-1", "c-4", "c-5"}


async def test_above_a_limit_two_different_people_must_agree(on: Stage) -> None:
    approval = await asked(on, 9)
    assert await act(on, approval, "approve", person="eve") == 200
    assert ((await story(on, approval["id"]))["first_by"], await told(on)) == ("eve", set())
    assert await act(on, approval, "approve", person="eve") == 409
    assert await act(on, approval, "approve", person="mallory") == 200
    assert await told(on) == set(customers(9))


async def test_the_first_consent_of_two_is_void_when_the_audience_changes(on: Stage) -> None:
    approval = await asked(on, 9)
    await act(on, approval, "approve", person="eve")
    await touch(on, "c-10", chunk=1)
    assert await act(on, approval, "approve", person="mallory") == 200
    assert await told(on) == set(), "nobody has agreed to ten yet but one"
    assert await act(on, approval, "approve", person="eve") == 200
    assert len(await told(on)) == 10


async def test_a_person_reads_the_message_first(on: Stage) -> None:
    approval = await asked(on)
    assert await act(on, approval, "send-to-me", person="eve") == 202
    [mail] = on.office.to("eve@example.org")
    assert str(mail["Subject"]) == "Checkout is failing: we are on it"
    assert await told(on) <= {"eve"}
    assert await act(on, approval, "send-to-me", person="mallory") == 409


async def test_advice_of_a_rule_is_an_audience_a_day(on: Stage) -> None:
    await on.clock.set(on.now.replace(hour=0, minute=0) - MINUTE)
    await on.know(*customers(8))
    facts = [acted("help", each, at=on.now, risk_id=f"k-{each}") for each in customers(5)]
    await on.hear(*facts[:3])
    await on.hear(*facts[3:])
    assert await told(on, "guidance") == set(customers(3))
    [approval] = await waiting(on)
    assert (approval["advice"], approval["rule"], approval["gate"]) == (True, "cannot-pay", f"cannot-pay {on.now:%Y-%m-%d}")
    await on.loop.advance(2 * MINUTE)
    await on.hear(acted("help", "c-8", at=on.now, risk_id="k-8"))
    assert await told(on, "guidance") == {*customers(3), "c-8"}


async def test_pieces_of_a_large_audience_are_released_one_after_the_other(on: Stage) -> None:
    approval = await asked(on, 7)
    on.service.due = {**on.service.due, RELEASE: Work(Releasing(on.service.database, at_most=2).release)}
    await act(on, approval, "approve")
    assert await told(on) == set(customers(7))


async def test_who_is_split_off_is_in_the_audience_of_the_other_incident(on: Stage) -> None:
    await asked(on, 9)
    data = IncidentSplit.Data(incident_id="i-1", into_id="i-2", from_ids=("i-1",), customers=impact(on.now, *customers(5)).data.customers)
    await on.hear(opened(on.now, "i-2"), IncidentSplit.of(data, subject="i-2", at=on.now, unique="i-2"))
    assert await told(on) == set(), "no way leads around an approval"
    first, second = sorted(await waiting(on), key=lambda each: str(each["gate"]))
    assert [(await story(on, each["id"]))["waiting"] for each in (first, second)] == [4, 5]
    assert await act(on, second, "approve") == 200
    assert await told(on) == set(customers(5))


async def test_nobody_but_an_operator_decides(on: Stage) -> None:
    approval = await asked(on)
    async with on.client("agent-token") as agent:
        assert (await agent.get(f"/v1/approvals/{approval['id']}")).status_code == 200
        assert (await agent.post(f"/v1/approvals/{approval['id']}/reject", json={"reason": "r"})).status_code == 403
    assert (await ask(on, "GET", "/v1/approvals/none")).status_code == 404


async def test_a_sample_is_shown_as_a_page_whose_link_acts_for_nobody(on: Stage) -> None:
    approval = await asked(on)
    shown = (await ask(on, "GET", f"/v1/approvals/{approval['id']}/samples/0")).json()
    sample = (await story(on, approval["id"]))["samples"][0]
    assert (shown["subject"], shown["text"], sample["channel"]) == (sample["subject"], sample["text"], "email")
    assert shown["html"].startswith("<!doctype html>")
    links = {token_for(Right("incident", customer), "a secret") for customer in customers(5)}
    assert [link for link in links if link in shown["html"]] == []
    assert (await ask(on, "GET", f"/v1/approvals/{approval['id']}/samples/2")).status_code == 200
    assert await act(on, approval, "approve") == 200
    assert (await ask(on, "GET", f"/v1/approvals/{approval['id']}/samples/0")).status_code == 404


async def test_a_preview_shows_other_words_and_keeps_nothing_of_them(on: Stage) -> None:
    approval = await asked(on)
    before = await story(on, approval["id"])
    words = {"subject": "{component} is slow", "body": "Dear {name}, it is slow."}
    shown = await ask(on, "POST", f"/v1/approvals/{approval['id']}/preview", {"words": words})
    assert shown.json()["text"].strip().startswith("Dear ")
    wrong = await ask(on, "POST", f"/v1/approvals/{approval['id']}/preview", {"words": words | {"body": "{password}"}})
    assert wrong.status_code == 422
    assert await story(on, approval["id"]) == before
