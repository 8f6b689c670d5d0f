"""A person splits an incident: some of its customers have another trouble, which is an incident of its own, and nobody is told twice."""

from collections.abc import Sequence
from datetime import datetime
from itertools import combinations
from pathlib import Path

import httpx2
import pytest

from shared.events import Fact, IncidentOpened, IncidentResolved, IncidentSplit, IncidentUpdated
from shared.settings import Settings
from tests.builders import NOON
from tests.conftest import opened as opened_database
from tests.flow.console_model import recounted, rows
from tests.flow.console_story import hear
from tests.flow.monitor_watch import FAILING, WELL, revisions, watching
from tests.flow.notifier_stage import MINUTE, Stage, impact, opened, resolved, updated
from tests.flow.test_corrected_impact import corrected, kinds_to
from tests.flow.test_monitor_steering import SEARCH_FAILS, act, impacts, told
from tests.flow.ticketing_desk import Desk
from tests.unit.ticketing import builders as ticketing

pytestmark = pytest.mark.asyncio


def split(at: datetime, said_of: str, *customers: str, from_ids: Sequence[str] = ("i-1",), into: str = "i-2") -> IncidentSplit:
    """Returns the fact that these customers belong to another incident, under the id of one of the two."""
    data = IncidentSplit.Data(incident_id=said_of, into_id=into, from_ids=tuple(from_ids), customers=impact(at, *customers).data.customers)
    return IncidentSplit.of(data, subject=said_of, at=at, unique=into)


async def test_monitor_splits_an_incident_and_keeps_the_two_apart(fresh_database: Settings, tmp_path: Path) -> None:
    async with watching(fresh_database, tmp_path) as watch:
        # Given an incident of twenty customers
        await watch.live(5, FAILING)
        [first] = [each["id"] for each in await watch.incidents()]
        assert (await act(watch, "split", {"customers": ["c-77"], "reason": "x"}))[0] == 422
        many = len(impacts(watch))
        # When a person splits two from it
        body = {"customers": ["c-2", "c-3", "c-77"], "title": "Their bank is away", "reason": "same bank"}
        status, new = await act(watch, "split", body)
        assert (status, new["split_from"], new["affected"], new["title"]) == (200, first, 2, "Their bank is away")
        # Then the old one has the others, and it is said under both ids, and nobody is said to be touched anew
        assert (await told(watch, first))["affected"] == 18
        said = watch.said(IncidentSplit)
        assert {fact.subject for fact in said} == {first, new["id"]}
        assert {(fact.data.into_id, fact.data.from_ids) for fact in said} == {(new["id"], (first,))}
        assert {tuple((each.customer_id, each.certainty) for each in fact.data.customers) for fact in said} == {
            (("c-2", "confirmed"), ("c-3", "confirmed"))
        }
        assert len(impacts(watch)) == many
        assert watch.said(IncidentUpdated)[-1].data.step == "split"
        assert [fact.data.split_from for fact in watch.said(IncidentOpened)] == [None, first]
        # and whoever fails from now on is touched by the old one alone, and those two by the new one alone
        await watch.live(3, FAILING._replace(requests=25))
        assert ((await told(watch, first))["affected"], (await told(watch, new["id"]))["affected"]) == (23, 2)
        assert {fact.data.incident_id for fact in impacts(watch)} == {first}
        # and calm ends the old one, and a person the new one
        await watch.live(28, WELL)
        assert [fact.subject for fact in watch.said(IncidentResolved)] == [first]
        assert (await act(watch, "resolve", {"note": "the bank is back"}, of=new["id"]))[0] == 200
        assert [fact.subject for fact in watch.said(IncidentResolved)] == [first, new["id"]]
        of_new = [fact for fact in watch.facts() if fact.subject == new["id"] and not isinstance(fact, IncidentSplit)]
        assert revisions(of_new) == list(range(len(of_new)))
        assert (await act(watch, "split", body, of=first))[0] == 409


async def test_what_was_merged_is_split_off_by_its_component_with_whom_it_finds_later(fresh_database: Settings, tmp_path: Path) -> None:
    async with watching(fresh_database, tmp_path) as watch:
        # Given an incident of twenty customers, into which another one was merged, which touches ten more
        await watch.live(5, FAILING, SEARCH_FAILS)
        of = {each["component"]: each["id"] for each in await watch.incidents()}
        checkout, search = of["checkout"], of["search"]
        assert (await act(watch, "split", {"components": ["search"], "reason": "x"}, of=checkout))[0] == 422  # nothing was merged yet
        await act(watch, "merge", {"into": checkout, "note": "the same database"}, of=search)
        await watch.live(3, FAILING, SEARCH_FAILS._replace(requests=32))
        assert (await told(watch, checkout))["affected"] == 32
        for body in ({"components": ["login"]}, {"rules": ["another"]}, {"components": ["search"], "rules": ["another"]}, {}):
            assert (await act(watch, "split", body | {"reason": "x"}, of=checkout))[0] == 422, body
        assert (await act(watch, "split", {"components": ["search"], "customers": ["c-1"], "reason": "x"}, of=checkout))[0] == 422
        many = len(impacts(watch))
        # When a person splits it off by its component
        status, new = await act(watch, "split", {"components": ["search"], "reason": "two troubles"}, of=checkout)
        # Then the new incident is about that component, and touches those whom nothing else found; nobody is told anew
        assert (status, new["component"], new["split_from"], new["affected"]) == (200, "search", checkout, 12)
        assert ((await told(watch, checkout))["affected"], len(impacts(watch))) == (20, many)
        moved = {each.customer_id for fact in watch.said(IncidentSplit) for each in fact.data.customers}
        assert moved == {f"c-{number}" for number in range(20, 32)}
        assert {fact.subject for fact in watch.said(IncidentSplit)} == {checkout, search, new["id"]}
        assert (await told(watch, search))["merged_into"] == new["id"]
        # and whoever fails there from now on is touched by the new one
        await watch.live(3, FAILING._replace(requests=21), SEARCH_FAILS._replace(requests=34))
        assert ((await told(watch, checkout))["affected"], (await told(watch, new["id"]))["affected"]) >= (20, 14)
        assert (await told(watch, f"{new['id']}", "/impact"))["items"]
        # and a person ends it, with what was merged, while the first one goes on
        await act(watch, "resolve", {"note": "the index is back"}, of=new["id"])
        assert {fact.subject for fact in watch.said(IncidentResolved)} == {search, new["id"]}


def orders(*sizes: int) -> list[list[int]]:
    """Returns all orders in which two partitions of these sizes may be read, as which one is read next."""
    total = sum(sizes)
    return [[int(place in second) for place in range(total)] for second in combinations(range(total), sizes[1])]


async def test_whatever_order_notifier_reads_the_two_in_everybody_is_told_once_and_gets_one_all_clear(on: Stage) -> None:
    for number, order in enumerate(orders(4, 3)):
        old, new, stays, goes = f"i-{number}-a", f"i-{number}-b", f"s-{number}", f"g-{number}"
        await on.know(stays, goes)
        partitions: tuple[list[Fact], list[Fact]] = (
            [
                opened(on.now, old),
                impact(on.now, stays, goes, incident_id=old),
                split(on.now, old, goes, from_ids=[old], into=new),
                resolved(on.now, old, revision=2),
            ],
            [opened(on.now, new), split(on.now, new, goes, from_ids=[old], into=new), resolved(on.now, new, revision=1)],
        )
        for which in order:
            await on.hear(partitions[which].pop(0))
            await on.clock.advance(MINUTE / 60)
        assert kinds_to(on, stays) == kinds_to(on, goes) == ["opened", "resolved"], order
        [end] = await on.rows("SELECT incident_id FROM notifications WHERE customer_id = $1 AND kind = 'resolved'", goes)
        assert end["incident_id"] == new, order


async def test_who_was_split_is_told_nothing_anew_when_people_add_them_and_hears_no_end_when_they_are_taken_out(on: Stage) -> None:
    await on.know("c-1", "c-2")
    await on.hear(opened(on.now), impact(on.now, "c-1", "c-2"), opened(on.now, "i-2"))
    await on.hear(split(on.now, "i-1", "c-1", "c-2"), split(on.now, "i-2", "c-1", "c-2"))
    # When events or people say more of them, and one is taken out of the new incident
    await on.clock.advance(MINUTE)
    await on.hear(split(on.now, "i-2", "c-2", from_ids=()), corrected(on.now, added=("c-1",), of="i-2"))
    await on.hear(corrected(on.now + MINUTE, "c-2", of="i-2"))
    await on.hear(resolved(on.now, revision=3), resolved(on.now, "i-2", revision=3))
    # Then nobody is told twice, and who was taken out hears of no end
    assert [kinds_to(on, each) for each in ("c-1", "c-2")] == [["opened", "resolved"], ["opened"]]


async def test_the_tickets_of_those_who_are_split_follow_them_and_end_with_the_new_incident(desk: Desk, agent: httpx2.AsyncClient) -> None:
    await desk.tell(ticketing.opened(), ticketing.impact("c-1"), ticketing.requested(1))
    [ticket] = (await agent.get("/v1/tickets")).json()["items"]
    assert ticket["incident_id"] == "i-1"
    # When its customer is split from the incident
    await desk.tell(opened(ticketing.NOW, "i-2"), split(ticketing.NOW, "i-2", "c-1"), split(ticketing.NOW, "i-1", "c-1"))
    [ticket] = (await agent.get("/v1/tickets")).json()["items"]
    assert (ticket["incident_id"], await desk.types()) == ("i-2", ["opened", "received", "linked", "replied", "linked"])
    # Then the end of the old one leaves it alone, and that of the new one resolves it
    await desk.tell(resolved(ticketing.NOW, "i-1", revision=5))
    assert "resolved" not in await desk.types()
    await desk.tell(resolved(ticketing.NOW, "i-2", revision=5))
    assert (await desk.types())[-1] == "resolved"


async def test_the_console_counts_whom_each_of_the_two_touches(fresh_database: Settings) -> None:
    facts = [
        *(opened(NOON), impact(NOON, "c-1", "c-2", "c-3"), opened(NOON, "i-2", split_from="i-1")),
        *(split(NOON, "i-1", "c-1", "c-2"), updated(NOON, revision=1, step="split"), split(NOON, "i-2", "c-1", "c-2")),
    ]
    async with opened_database(fresh_database, "console") as console:
        for _ in range(2):  # what comes again changes nothing
            async with console.transaction() as tx:
                await hear(tx, facts)
            found = await rows(console, "SELECT id, affected, split_from FROM incidents ORDER BY id")
            assert [tuple(each.values()) for each in found] == [("i-1", 1, None), ("i-2", 2, "i-1")]
        assert await recounted(console) == []


async def test_who_was_taken_out_stays_out_when_an_incident_that_touches_them_is_merged(fresh_database: Settings) -> None:
    merged = updated(NOON, "i-2", revision=1, step="merged", merged_into="i-1")
    before = [opened(NOON), opened(NOON, "i-2"), impact(NOON, "c-1", "c-2"), impact(NOON, "c-2", "c-3", incident_id="i-2")]
    for number, after in enumerate(([corrected(NOON, "c-2"), merged], [merged, corrected(NOON, "c-2")])):
        async with opened_database(fresh_database, "console") as console:
            async with console.transaction() as tx:
                await tx.execute("TRUNCATE incidents, impact, timeline CASCADE")
                await hear(tx, [*before, *after])
            found = await rows(console, "SELECT customer_id FROM impact WHERE incident_id = 'i-1' AND first_seen_at IS NOT NULL ORDER BY 1")
            assert [each["customer_id"] for each in found] == ["c-1", "c-3"], number
