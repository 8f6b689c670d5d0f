"""Complaints rise: a candidate tells nobody until a person approves it, or weak telemetry of the same component shows an incident."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.monitor.personal import PERSONAL
from shared.erasing import erase
from shared.events import (
    Fact,
    IncidentImpact,
    IncidentOpened,
    IncidentResolved,
    IncidentSuspected,
    IncidentUpdated,
    TicketLinked,
    TicketOpened,
    Topic,
)
from shared.settings import Settings
from tests.flow.monitor_watch import RULE, Traffic, Watch, watching

pytestmark = pytest.mark.asyncio

SURGE = """\
  - id: complaints
    detector: surge
    title: "Customers complain of {component}"
    usual: 0.01
    candidate_for: 1h
    resolve: {calm: 30m}
"""
WEAK = Traffic("checkout", ok=False, requests=30)  # events and customers for half the evidence of `failing`, and not for all of it


@pytest.fixture
async def watch(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Watch]:
    async with watching(fresh_database, tmp_path) as made:
        await made.start(RULE + SURGE)
        yield made


def ticket(watch: Watch, number: int, component: str = "checkout") -> TicketOpened:
    about = {"ticket_id": f"t-{number}", "number": number, "customer_id": f"w-{number}"}
    data = TicketOpened.Data(
        **about,
        channel="email",
        subject="help",
        component=component,
        priority="normal",
        opened_at=watch.clock.now + timedelta(seconds=number),
    )
    return TicketOpened.of(data, subject=data.ticket_id, at=data.opened_at)


async def hear(watch: Watch, facts: Sequence[Fact]) -> None:
    await watch.pass_time(minutes=2)
    watch.topics.say(*facts)
    await watch.loop.settle()
    await watch.topics.relay(watch.service.database)


async def complain(watch: Watch, customers: int = 8, first: int = 1) -> list[TicketOpened]:
    said = [ticket(watch, number) for number in range(first, first + customers)]
    await hear(watch, said)
    return said


async def candidates(watch: Watch) -> list[dict[str, Any]]:
    async with watch.agent() as agent:
        found: list[dict[str, Any]] = (await agent.get("/v1/incidents", params={"status": "candidate"})).json()["items"]
    return found


async def act(watch: Watch, of: str, how: str, said: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    async with watch.agent() as agent:
        answer = await agent.post(f"/v1/incidents/{of}/{how}", json=said)
    await watch.topics.relay(watch.service.database)
    return answer.status_code, answer.json()


def kinds(watch: Watch) -> set[type[Fact]]:
    return {type(fact) for fact in watch.topics.facts(Topic.INCIDENTS)}


async def test_a_candidate_tells_nobody_and_comes_once_however_often_tickets_are_read(watch: Watch) -> None:
    # When as many write as is unusual
    said = await complain(watch)
    [found] = await candidates(watch)
    assert (found["status"], found["component"], found["affected"]) == ("candidate", "checkout", 8)
    assert found["why"]["chance"] <= found["why"]["opens_at"]["chance"]
    # Then no fact says so that anybody acts on
    assert kinds(watch) == {IncidentSuspected}
    # and it stays the same when all of it comes again, and after a restart
    before = watch.said(IncidentSuspected)
    await hear(watch, said)
    await watch.start(RULE + SURGE)
    await hear(watch, said)
    assert await candidates(watch) == [found]
    assert watch.said(IncidentSuspected) == before
    assert await watch.incidents() == []


async def test_fewer_than_the_floor_and_those_whose_tickets_are_about_an_incident_make_none(watch: Watch) -> None:
    await complain(watch, 4)
    assert await candidates(watch) == []
    # when the next are linked at once to an incident that they were told of
    more = [ticket(watch, number) for number in range(11, 15)]
    links = [
        TicketLinked.of(
            TicketLinked.Data(ticket_id=each.subject, number=1, customer_id="w", incident_id="known", reasons=()),
            subject=each.subject,
            at=each.time,
        )
        for each in more
    ]
    await hear(watch, [*more, *links])
    await complain(watch, 1, first=21)
    assert await candidates(watch) == []
    # while four more who say the same of trouble that nobody knows make one
    await complain(watch, 4, first=31)
    assert [found["affected"] for found in await candidates(watch)] == [9]


async def test_a_person_approves_it_and_those_who_complained_are_touched(watch: Watch) -> None:
    await complain(watch)
    [found] = await candidates(watch)
    # nothing else can be done with a candidate
    assert (await act(watch, found["id"], "acknowledge", {}))[0] == 409
    assert (await act(watch, found["id"], "customers/add", {"customers": ["c"], "reason": "r"}))[0] == 409
    assert (await act(watch, found["id"], "approve", {}))[0] == 422
    # When a person approves it
    status, answer = await act(watch, found["id"], "approve", {"reason": "the bank says so"})
    assert (status, answer["status"], answer["id"], answer["affected"]) == (200, "open", found["id"], 8)
    # Then it is an incident as any other, whose story says who opened it and why
    [opened] = watch.said(IncidentOpened)
    assert (opened.subject, opened.data.component) == (found["id"], "checkout")
    async with watch.agent() as agent:
        [step] = (await agent.get(f"/v1/incidents/{found['id']}")).json()["story"]["items"]
    assert (step["kind"], step["by"], step["said"]["note"]) == ("opened", "agent", "the bank says so")
    assert step["why"]["customers"] == 8
    impacts = [fact for fact in watch.topics.facts(Topic.INCIDENTS) if isinstance(fact, IncidentImpact)]
    assert {each.customer_id for fact in impacts for each in fact.data.customers} == {f"w-{number}" for number in range(1, 9)}
    assert {each.certainty for fact in impacts for each in fact.data.customers} == {"likely"}
    assert await candidates(watch) == []
    assert (await act(watch, found["id"], "approve", {"reason": "again"}))[0] == 409
    # and who complains later is touched, too
    await complain(watch, 1, first=31)
    assert (await watch.incidents())[0]["affected"] == 9
    # and it ends once complaints have calmed down
    await watch.pass_time(minutes=28)
    assert watch.said(IncidentResolved) == []
    await watch.pass_time(minutes=4)
    assert [fact.subject for fact in watch.said(IncidentResolved)] == [found["id"]]


async def test_a_dismissed_candidate_does_not_come_back_by_the_same_complaints(watch: Watch) -> None:
    await complain(watch)
    [found] = await candidates(watch)
    status, answer = await act(watch, found["id"], "dismiss", {"note": "a newsletter"})
    assert (status, answer["status"], answer["by"], answer["note"]) == (200, "dismissed", "agent", "a newsletter")
    assert (await act(watch, found["id"], "approve", {"reason": "r"}))[0] == 409
    await complain(watch, 4, first=41)
    assert await candidates(watch) == []
    await complain(watch, 4, first=51)
    [another] = await candidates(watch)
    assert another["id"] != found["id"]
    assert kinds(watch) == {IncidentSuspected}


async def test_it_is_dropped_when_complaints_calm_down(watch: Watch) -> None:
    await complain(watch)
    await watch.pass_time(minutes=58)
    assert len(await candidates(watch)) == 1
    await watch.pass_time(minutes=4)
    assert await candidates(watch) == []
    assert watch.said(IncidentSuspected)[-1].data.status == "withdrawn"
    assert await watch.incidents() == []


async def test_weak_telemetry_alone_opens_nothing_and_with_complaints_an_incident(watch: Watch) -> None:
    # Given failures of too few events and customers
    await watch.live(1, WEAK)
    await watch.live(20, Traffic("search"))
    assert await watch.incidents() == []
    # When customers complain at the same time
    await complain(watch)
    [found] = await candidates(watch)
    await watch.live(1, WEAK)
    await watch.live(3, Traffic("search"))
    # Then there is one incident, by the rule on telemetry and half its evidence, and the candidate belongs to it
    [incident] = await watch.incidents()
    assert (incident["rule"], incident["status"], incident["why"]["half_evidence"]) == ("failing", "open", True)
    assert await candidates(watch) == []
    last = watch.said(IncidentSuspected)[-1].data
    assert (last.status, last.merged_into, last.incident_id) == ("merged", incident["id"], found["id"])
    assert [fact.data.step for fact in watch.said(IncidentUpdated)] == ["absorbed"]
    # and who complained is touched as likely
    async with watch.agent() as agent:
        items = (await agent.get(f"/v1/incidents/{incident['id']}/impact")).json()["items"]
    assert {each["customer_id"] for each in items if each["certainty"] == "likely"} >= {f"w-{number}" for number in range(1, 9)}
    # and complaints about known trouble make no other candidate
    await complain(watch, 8, first=61)
    assert await candidates(watch) == []


async def test_an_erased_customer_complains_no_more(watch: Watch) -> None:
    said = await complain(watch, 4)
    async with watch.service.database.transaction() as tx:
        assert (await erase(tx, PERSONAL, "w-1", watch.clock.now, "test")) is not None
    await hear(watch, said)
    async with watch.service.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM complaints WHERE customer_id = 'w-1'") == 0
        assert await connection.fetchval("SELECT count(*) FROM complaints") == 3
