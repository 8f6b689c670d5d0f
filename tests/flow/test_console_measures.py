"""The measures are counted from the read model: exactly when somebody asks, and every half minute for pages and Prometheus."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from prometheus_client import REGISTRY

from services.console import metrics, timers
from services.console.__main__ import service
from services.console.measures.registry import MEASURES, PERIODS, Of, measures_of
from services.console.settings import ConsoleSettings
from services.console.store import measures
from shared.postgres import Database
from shared.settings import Settings
from shared.timers import Timers, Work

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
TOKENS: dict[str, Any] = {"producer_token": "p-token", "agent_token": "a-token", "operator_token": "o-token", "console_token": "c-token"}


AN_HOUR_AGO = NOW - timedelta(hours=1)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


async def run(database: Database, script: str, *values: Any) -> None:
    async with database.connection() as connection:
        await connection.execute(script, *values)


async def incident(database: Database, id_: str, opened_at: datetime = AN_HOUR_AGO, status: str = "open", **counts: int) -> None:
    """Stores an incident with what is counted of its customers."""
    names = ("affected", "told", "told_first", "wrote")
    await run(
        database,
        "INSERT INTO incidents (id, rule, component, severity, title, status, started_at, opened_at, revision, said_at,"
        " affected, told, told_first, wrote) VALUES ($1, 'r', 'checkout', 'high', 't', $3, $2, $2, 0, $2, $4, $5, $6, $7)",
        id_,
        opened_at,
        status,
        *(counts.get(name, 0) for name in names),
    )
    await run(
        database,
        "UPDATE incidents SET affected = $2, told = $3, told_first = $4, wrote = $5 WHERE id = $1",
        id_,
        *(counts.get(name, 0) for name in names),
    )


async def touched(database: Database, incident_id: str, customer: str, told: float | None, wrote: float | None, seen: bool = True) -> None:
    """Stores a customer whom the incident touches; `told` and `wrote` are minutes after its opening."""
    opened = AN_HOUR_AGO
    told_at, wrote_at = (opened + minutes(each) if each is not None else None for each in (told, wrote))
    await run(
        database,
        "INSERT INTO impact (incident_id, customer_id, first_seen_at, last_seen_at, told_at, wrote_at) VALUES ($1, $2, $3, $3, $4, $5)",
        incident_id,
        customer,
        opened if seen else None,
        told_at,
        wrote_at,
    )


async def ticket(database: Database, number: int, opened_at: datetime = AN_HOUR_AGO, status: str = "open", **given: Any) -> None:
    """Stores a ticket; times are minutes after its opening."""
    moments = {name: opened_at + minutes(each) for name, each in given.items() if name.endswith("_at")}
    row = {"id": f"t-{number}", "number": number, "customer_id": "c", "status": status, "opened_at": opened_at, "changed_at": opened_at}
    row |= given | moments
    places = ", ".join(f"${place}" for place in range(1, len(row) + 1))
    await run(database, f"INSERT INTO tickets ({', '.join(row)}) VALUES ({places})", *row.values())  # noqa: S608  names of columns


@pytest.fixture
async def database(fresh_database: Settings) -> AsyncIterator[Database]:
    database = Database(fresh_database, "console")
    await database.open()
    await run(
        database,
        f"CREATE OR REPLACE FUNCTION clock() RETURNS timestamptz LANGUAGE sql STABLE AS $$ SELECT '{NOW.isoformat()}'::timestamptz $$",
    )
    yield database
    await database.close()


async def test_an_incident_is_counted_by_its_customers_and_its_tickets(database: Database) -> None:
    for customer, (told, wrote) in enumerate([(1, None), (1, 3), (2, 2), (5, 4), (None, 9), (None, None)]):
        await touched(database, "i-1", f"c-{customer}", told, wrote)
    await touched(database, "i-1", "elsewhere", 1, 2, seen=False)
    await incident(database, "i-1", affected=6, told=4, told_first=3, wrote=4)
    await ticket(database, 1, incident_id="i-1", responded_at=1, responded_automatically=True, person_responded_at=10)
    await ticket(database, 2, incident_id="i-1", status="resolved", responded_at=30, person_responded_at=30, resolved_at=40, reopened=1)
    await ticket(database, 3)
    async with database.transaction() as tx:
        figures = await measures.of_incident(tx, "i-1")
    assert figures == {
        "affected": 6,
        "told": 4,
        "told_first": 3,
        "wrote": 4,
        "coverage": 3 / 6,
        "complaint_rate": 4 / 6,
        "lead_time_p50": 60.0,  # of 120 s, and of 0 s: told and wrote in the same moment
        "told_per_second": 2,
        "telling_p50": 90.0,
        "telling_p95": pytest.approx(273.0),
        "tickets": 2,
        "human_response_p50": 1200.0,
        "human_response_p95": pytest.approx(1740.0),
        "automatic_response_p50": 60.0,
        "automatic_response_p95": 60.0,
        "resolution_p50": 2400.0,
        "resolution_p95": 2400.0,
        "reopen_rate": 1.0,
    }


async def test_a_period_counts_what_was_opened_in_it_and_not_a_moment_earlier(database: Database) -> None:
    day = timedelta(days=1)
    await incident(database, "at its begin", NOW - day, "dismissed", affected=2, told=1, told_first=1)
    await incident(database, "before it", NOW - day - timedelta(microseconds=1), "dismissed", affected=9)
    await incident(database, "goes on", NOW - minutes(1), affected=2, told=2, told_first=2)
    await incident(database, "resolved", NOW - minutes(1), "resolved")
    await ticket(database, 1, NOW - day)
    await ticket(database, 2, NOW - day - timedelta(microseconds=1))
    async with database.transaction() as tx:
        figures = (await measures.of_period(tx, day)).figures
    assert (figures["incidents"], figures["ended"], figures["dismissed"], figures["false_alarms"]) == (3, 2, 1, 0.5)
    assert (figures["affected"], figures["coverage"], figures["tickets"]) == (4, 3 / 4, 1)


async def test_the_second_in_which_most_were_told_adds_up_incidents(database: Database) -> None:
    await incident(database, "i-1", affected=1)
    await incident(database, "i-2", affected=1)
    await touched(database, "i-1", "c-1", 1, None)
    await touched(database, "i-2", "c-2", 1, None)
    await touched(database, "i-2", "c-3", 2, None)
    async with database.transaction() as tx:
        assert (await measures.of_period(tx, timedelta(days=1))).figures["told_per_second"] == 2


async def test_of_nothing_all_counts_are_zero_and_all_else_is_unknown(database: Database) -> None:
    async with database.transaction() as tx:
        figures = (await measures.of_period(tx, timedelta(days=1))).figures
    assert {figure for figure in figures.values() if figure is not None} == {0}


def shown(name: str, period: str) -> float | None:
    return REGISTRY.get_sample_value(f"forewarn_console_{name}", {"period": period})


async def test_each_period_is_counted_every_half_minute_and_shown_to_prometheus(database: Database) -> None:
    await incident(database, "i-1", NOW - timedelta(days=2), affected=4, told=3, told_first=3)
    await timers.begin(database)
    due = Timers(database, {timers.MEASURE: Work(lambda due: timers.measure_period(database, due))})
    for _ in PERIODS:
        await due.do_due(timers.MEASURE)
    await metrics.measured(database).once()
    assert (shown("incidents", "24h"), shown("incidents", "7d"), shown("coverage_ratio", "7d")) == (0, 1, 0.75)
    assert shown("measured_timestamp_seconds", "30d") == NOW.timestamp()
    async with database.connection() as tx:
        kept = await measures.kept(tx)
        next_at = await tx.fetchval("SELECT min(due_at) FROM due WHERE kind = $1", timers.MEASURE)
    assert list(kept) == list(PERIODS)
    assert next_at - NOW >= timers.EVERY


async def test_what_cannot_be_read_is_unknown(database: Database) -> None:
    await database.close()
    await metrics.measured(database).once()
    assert str(shown("coverage_ratio", "7d")) == "nan"


@pytest.fixture
async def rest(database: Database, fresh_database: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    given = {name: value for name, value in fresh_database if name in Settings.model_fields} | TOKENS
    console = service(ConsoleSettings(**given))
    await console.database.open()
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(console.app()), base_url="http://console", headers={"authorization": "Bearer a-token"}
    ) as client:
        yield client
    await console.database.close()


async def test_rest_answers_with_names_units_and_figures(rest: httpx2.AsyncClient, database: Database) -> None:
    await incident(database, "i-1", affected=4, told=3, told_first=3)
    of_period = (await rest.get("/v1/measures", params={"since": "24h"})).json()
    assert [each["name"] for each in of_period["measures"]] == [each.name for each in MEASURES]
    assert (of_period["since"], of_period["until"]) == ("2026-11-24T12:00:00Z", "2026-11-25T12:00:00Z")
    of_incident = (await rest.get("/v1/incidents/i-1/measures")).json()
    assert [each["name"] for each in of_incident["measures"]] == [each.name for each in measures_of(Of.BOTH)]
    assert {"name": "coverage", "title": "Coverage", "unit": "a share of 1", "figure": 0.75} in of_incident["measures"]


@pytest.mark.parametrize(("path", "status"), [("measures?since=soon", 422), ("measures?since=900d", 422), ("incidents/none/measures", 404)])
async def test_rest_refuses_what_there_is_not(rest: httpx2.AsyncClient, path: str, status: int) -> None:
    assert (await rest.get(f"/v1/{path}")).status_code == status


async def test_a_producer_sees_no_measures(rest: httpx2.AsyncClient) -> None:
    answer = await rest.get("/v1/measures", headers={"authorization": "Bearer p-token"})
    assert answer.status_code == 403
