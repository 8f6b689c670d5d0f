"""People steer an incident: they take it, tell customers how it stands, correct it and merge it. Its story says who did what and why."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.monitor.hearing.customers import on_customers
from services.monitor.personal import PERSONAL
from shared.erasing import erase
from shared.events import CustomerUpdated, IncidentImpact, IncidentOpened, IncidentResolved, IncidentUpdated, Topic
from shared.settings import Settings
from tests.flow.monitor_watch import FAILING, WELL, Traffic, Watch, revisions, watching

pytestmark = pytest.mark.asyncio

SEARCH_FAILS = Traffic("search", ok=False, requests=30)


@pytest.fixture
async def watch(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Watch]:
    """Yields monitor with an incident that has been failing for five seconds and touches twenty customers."""
    async with watching(fresh_database, tmp_path) as made:
        await made.live(5, FAILING)
        yield made


async def act(watch: Watch, how: str, said: dict[str, Any] | None = None, of: str = "") -> tuple[int, dict[str, Any]]:
    """Does something with an incident, the first one if it is not named, as a person does."""
    of = of or (await watch.incidents())[0]["id"]
    async with watch.agent() as agent:
        answer = await agent.post(f"/v1/incidents/{of}/{how}", json=said)
    await watch.topics.relay(watch.service.database)
    return answer.status_code, answer.json()


async def told(watch: Watch, of: str = "", path: str = "") -> dict[str, Any]:
    """Returns an incident, the first one if it is not named, as people read it."""
    of = of or (await watch.incidents())[0]["id"]
    async with watch.agent() as agent:
        found: dict[str, Any] = (await agent.get(f"/v1/incidents/{of}{path}")).json()
    return found


def impacts(watch: Watch) -> list[IncidentImpact]:
    return [fact for fact in watch.topics.facts(Topic.INCIDENTS) if isinstance(fact, IncidentImpact)]


async def kinds(watch: Watch, of: str = "") -> list[str]:
    return [step["kind"] for step in (await told(watch, of))["story"]["items"]]


async def test_an_acknowledged_incident_goes_on_and_ends_like_an_open_one(watch: Watch) -> None:
    # When somebody takes it
    status, answer = await act(watch, "acknowledge", {"note": "looking"})
    assert (status, answer["status"], answer["acknowledged_by"]) == (200, "acknowledged", "agent")
    assert answer["acknowledged_at"] == watch.clock.now.isoformat().replace("+00:00", "Z")
    # Then it is said as an update that those read too who know no acknowledgement
    last = watch.said(IncidentUpdated)[-1]
    assert (last.data.step, last.data.by, last.data.note, last.data.acknowledged_by) == ("acknowledged", "agent", "looking", "agent")
    # and it is found among the open ones and by its own word
    async with watch.agent() as agent:
        for word, found in (("open", 1), ("acknowledged", 1), ("resolved", 0)):
            assert len((await agent.get("/v1/incidents", params={"status": word})).json()["items"]) == found, word
    # and nobody takes it twice
    assert (await act(watch, "acknowledge"))[0] == 409
    # and it still touches those who fail, falls silent and ends by evidence
    await watch.live(3, FAILING._replace(requests=25))
    assert (await told(watch))["affected"] == 25
    await watch.pass_time(minutes=16)
    assert await kinds(watch) == ["opened", "acknowledged", "silent"]
    await watch.live(28, WELL)
    assert [fact.data.acknowledged_by for fact in watch.said(IncidentResolved)] == ["agent"]
    assert (await act(watch, "acknowledge"))[1]["current"] == "resolved"
    assert revisions(watch.facts()) == list(range(len(watch.facts())))


async def test_words_for_customers_are_said_and_repeated_until_others_take_their_place(watch: Watch) -> None:
    ahead = watch.clock.now + timedelta(minutes=30)
    said = {"words": "We are on it.", "workaround": "Pay by card.", "next_update_at": ahead.isoformat(), "note": "agreed with the bank"}
    status, answer = await act(watch, "update", said)
    assert (status, answer["public"]["words"], answer["public"]["by"], answer["status"]) == (200, "We are on it.", "agent", "open")
    [first] = [fact for fact in watch.said(IncidentUpdated) if fact.data.step == "updated"]
    assert first.data.public is not None
    assert (first.data.public.workaround, first.data.public.next_update_at, first.data.public.estimate) == ("Pay by card.", ahead, None)
    await act(watch, "severity", {"severity": "critical", "reason": "all of Germany"})
    last = watch.said(IncidentUpdated)[-1]
    assert (last.data.step, last.data.severity, last.data.public) == ("severity", "critical", first.data.public)
    past = {"words": "x", "estimate": watch.clock.now.isoformat()}
    assert (await act(watch, "update", past))[0] == 422
    assert (await act(watch, "severity", {"severity": "critical", "reason": "again"}))[0] == 409
    story = (await told(watch))["story"]["items"]
    assert [(step["kind"], step["by"]) for step in story] == [("opened", None), ("updated", "agent"), ("severity", "agent")]
    assert story[0]["why"]["opens_at"]["customers"] == 10
    assert story[1]["said"]["note"] == "agreed with the bank"
    assert story[2]["said"] == {"from": "high", "to": "critical", "note": "all of Germany"}


async def test_people_correct_whom_an_incident_touches_and_events_do_not_undo_it(watch: Watch) -> None:
    # When a person adds one who said nothing, and takes out two
    status, answer = await act(watch, "customers/add", {"customers": ["c-99", "c-1"], "reason": "they called"})
    assert (status, answer["affected"]) == (200, 21)
    [added] = [fact for fact in impacts(watch) if any(each.by for each in fact.data.customers)]
    assert [(each.customer_id, each.certainty, each.count, each.by) for each in added.data.customers] == [("c-99", "confirmed", 0, "agent")]
    status, answer = await act(watch, "customers/remove", {"customers": ["c-2", "c-3", "c-77"], "reason": "test accounts"})
    assert (status, answer["affected"]) == (200, 19)
    [removed] = [fact for fact in impacts(watch) if fact.data.removed]
    assert (removed.data.removed, removed.data.customers) == (("c-2", "c-3"), ())
    # Then their failures change nothing more
    many = len(impacts(watch))
    await watch.live(3, FAILING)
    assert len(impacts(watch)) == many
    assert (await told(watch))["affected"] == 19
    out_of, out = (await watch.incidents())[0]["id"], (await told(watch, path="/impact?taken_out=true"))["items"]
    assert [(each["customer_id"], each["by"], each["reason"]) for each in out] == [
        ("c-2", "agent", "test accounts"),
        ("c-3", "agent", "test accounts"),
    ]
    # until a person puts one back
    assert (await act(watch, "customers/add", {"customers": ["c-2"], "reason": "no test account"}))[1]["affected"] == 20
    assert [each.customer_id for each in impacts(watch)[-1].data.customers] == ["c-2"]
    assert [step["said"].get("customers") for step in (await told(watch))["story"]["items"][1:]] == [1, 2, 1]
    # and it says of each why
    reasons = {"c-1": "confirmed", "c-2": "added", "c-3": "removed", "c-77": "none", "c-99": "added"}
    async with watch.agent() as agent:
        for customer, because in reasons.items():
            answer = (await agent.get("/v1/why", params={"customer": customer, "incident": out_of})).json()
            assert (answer["because"], answer["component"], len(answer["rule_version"])) == (because, "checkout", 12), customer
        assert (await agent.get("/v1/why", params={"customer": "c-1", "incident": "i-9"})).status_code == 404
    # and with a customer go the words that were said of them
    async with watch.service.database.transaction() as tx:
        gone = await erase(tx, PERSONAL, "c-3", watch.clock.now)
    assert gone["people's words about them and an incident"] == 1
    notes = [step["said"].get("note") for step in (await told(watch))["story"]["items"][1:]]
    assert notes == ["they called", "", "no test account"]


async def test_people_name_customers_by_any_of_their_names(watch: Watch) -> None:
    # Given customers of whom other names are known
    known = [
        CustomerUpdated.of(CustomerUpdated.Data(aliases=(f"login-of-{each}",)), subject=each, at=watch.clock.now)
        for each in ("c-2", "c-99")
    ]
    async with watch.service.database.transaction() as tx:
        await on_customers(tx, known)
    # Then who is added, taken out, split or asked for under such a name is the customer
    [of] = [each["id"] for each in await watch.incidents()]
    assert (await act(watch, "customers/add", {"customers": ["login-of-c-99"], "reason": "called"}))[1]["affected"] == 21
    assert [each.customer_id for each in impacts(watch)[-1].data.customers] == ["c-99"]
    async with watch.agent() as agent:
        answer = (await agent.get("/v1/why", params={"customer": "login-of-c-99", "incident": of})).json()
    assert (answer["customer_id"], answer["because"]) == ("c-99", "added")
    assert (await act(watch, "split", {"customers": ["login-of-c-99"], "reason": "their own trouble"}))[1]["affected"] == 1
    assert (await act(watch, "customers/remove", {"customers": ["login-of-c-2", "c-2"], "reason": "a test"}, of=of))[1]["affected"] == 19
    assert impacts(watch)[-1].data.removed == ("c-2",)


async def test_a_merged_incident_hands_its_customers_over_and_more_of_its_trouble_counts_for_the_other(watch: Watch) -> None:
    # Given two incidents of one trouble, ten customers apart
    await watch.live(5, FAILING, SEARCH_FAILS)
    checkout, search = (each["id"] for each in await watch.incidents())
    # When a person merges the second into the first
    assert (await act(watch, "merge", {"into": search}, of=search))[0] == 422
    assert (await act(watch, "merge", {"into": "i-9"}, of=search))[0] == 404
    handed = len(impacts(watch))
    status, answer = await act(watch, "merge", {"into": checkout, "note": "the same database"}, of=search)
    assert (status, answer["status"], answer["merged_into"]) == (200, "merged", checkout)
    # Then the first touches them all, which is said to nobody anew, and the second can only end with it
    merged, absorbed = watch.said(IncidentUpdated)[-2:]
    assert {(fact.data.step, fact.subject, fact.data.merged_into) for fact in (merged, absorbed)} == {
        ("merged", search, checkout),
        ("absorbed", checkout, None),
    }
    assert len(impacts(watch)) == handed
    assert (await told(watch, checkout))["affected"] == 30
    assert (await act(watch, "resolve", of=search))[1]["current"] == "merged"
    # and whoever fails there now is touched by the first, also after all was calm there and began anew
    await watch.live(3, FAILING, SEARCH_FAILS._replace(requests=31))
    assert (await told(watch, checkout))["affected"] == 31
    await watch.live(28, FAILING, Traffic("search"))
    await watch.live(5, FAILING, SEARCH_FAILS._replace(requests=32))
    assert (await told(watch, checkout))["affected"] == 32
    assert [(fact.subject, fact.data.component) for fact in watch.said(IncidentOpened)] == [(checkout, "checkout"), (search, "search")]
    # and when the first is over so is the second, and trouble that goes on opens by new evidence
    await act(watch, "resolve", {"note": "restarted"}, of=checkout)
    ends = {fact.subject: fact.data for fact in watch.said(IncidentResolved)}
    assert {of: (end.note, end.merged_into) for of, end in ends.items()} == {checkout: ("restarted", None), search: ("restarted", checkout)}
    assert (await kinds(watch, search))[-2:] == ["merged", "resolved"]
    await watch.live(6, WELL, SEARCH_FAILS)
    assert [fact.data.component for fact in watch.said(IncidentOpened)] == ["checkout", "search", "search"]


async def test_what_is_over_is_not_steered_and_what_is_asked_must_make_sense(watch: Watch) -> None:
    for how, said in (("severity", {"severity": "high"}), ("update", {"words": " "}), ("customers/add", {"customers": [], "reason": "x"})):
        assert (await act(watch, how, said))[0] == 422, how
    await act(watch, "resolve")
    many = len(watch.facts())
    for how, body in (
        ("acknowledge", {}),
        ("update", {"words": "x"}),
        ("severity", {"severity": "low", "reason": "x"}),
        ("customers/add", {"customers": ["c-99"], "reason": "x"}),
        ("customers/remove", {"customers": ["c-1"], "reason": "x"}),
        ("merge", {"into": (await watch.incidents())[0]["id"]}),
    ):
        status, problem = await act(watch, how, body)
        assert (status, problem.get("current")) == (409, "resolved"), how
        assert (await act(watch, how, body, of="i-9"))[0] == 404, how
    assert len(watch.facts()) == many
