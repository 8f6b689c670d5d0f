"""SECURITY.md is true: its table is asked of every route as every caller, and each other line has tests that prove it."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.routing import iter_route_contexts

from deploy import topics
from services.console.__main__ import service as console
from services.console.settings import ConsoleSettings
from services.monitor.__main__ import service as monitor
from services.monitor.settings import MonitorSettings
from services.notifier.__main__ import service as notifier
from services.notifier.settings import NotifierSettings
from services.ticketing.__main__ import service as ticketing
from services.ticketing.settings import TicketingSettings
from tests.contract.limits import LIMITS
from tests.security_page import Row, covers, row_with, section, table

ROOT = Path(__file__).parent.parent.parent
ROLES = ("producer", "agent", "operator")
CALLERS = ("anonymous", *ROLES)  # of REST
ELSEWHERE = ("Kafka writer", "database role")

# Some rows speak of those who do not call by REST: these tests show what they say, by title and caller.
OUTBOX = [
    "unit/shared/test_outbox.py::test_a_fact_goes_to_its_topic_keyed_by_what_it_is_about",
    "unit/shared/test_outbox.py::test_the_relay_publishes_bytes_and_headers_as_they_are_in_order_and_deletes_what_was_accepted",
]
CELLS = {
    ("say what happened in the product", "database role"): OUTBOX,
    ("ask for support in a customer's name", "database role"): OUTBOX,
    ("say who is a customer, and who is erased", "database role"): OUTBOX,
    ("speak as a service: open and end incidents, have customers told", "database role"): OUTBOX,
    ("put a dead letter, whose record an operator may send back", "database role"): OUTBOX,
    ("say what happened in the product", "Kafka writer"): [
        "flow/test_monitor_finds.py::test_an_outage_is_one_incident_that_touches_exactly_its_137_victims"
    ],
    ("ask for support in a customer's name", "Kafka writer"): [
        "flow/test_ticketing_requests.py::test_a_request_becomes_a_ticket_with_what_the_customer_said"
    ],
    ("say who is a customer, and who is erased", "Kafka writer"): [
        "flow/test_notifier_objects.py::test_a_customer_the_directory_learns_of_in_time_is_told_at_once",
        "flow/test_notifier_directory.py::test_an_erasure_is_for_good_whatever_its_stamp_and_whatever_comes_after_it",
    ],
    ("speak as a service: open and end incidents, have customers told", "Kafka writer"): [
        "flow/test_notifier_tells.py::test_exactly_the_customers_of_an_impact_are_told_and_get_the_all_clear"
    ],
    ("put a dead letter, whose record an operator may send back", "Kafka writer"): [
        "unit/local/test_dlq.py::test_a_letter_goes_back_as_it_came_and_once"
    ],
    ("note that a dead letter was sent back", "database role"): OUTBOX,
    ("note that a dead letter was sent back", "Kafka writer"): ["unit/local/test_dlq.py::test_a_letter_goes_back_as_it_came_and_once"],
    ("read and change what one service stores", "database role"): [
        "unit/deploy/test_roles.py::test_a_service_finds_its_tables_without_naming_its_schema_and_may_write_and_make_more"
    ],
    ("read or change what another service stores, make roles or databases", "database role"): [
        "unit/deploy/test_roles.py::test_a_role_can_do_nothing_beyond_its_part"
    ],
}


# ── the page ─────────────────────────────────────────────────────────────────────────────────


ROWS = table("Who may do what")
LINES = [line.removeprefix("- ") for line in section("What limits them").splitlines() if line.startswith("- ")]


def row_of(route: str) -> Row:
    """Returns the one row that has it."""
    return row_with(ROWS, route)


def test_the_table_speaks_of_every_caller_and_says_yes_or_no() -> None:
    for row in ROWS:
        assert tuple(row.says) == (*CALLERS, *ELSEWHERE)
        assert set(row.says.values()) <= {"yes", "no", "–"}


# ── REST ─────────────────────────────────────────────────────────────────────────────────────

SECRETS = {f"{name}_token": f"{name}-{'0123456789abcdef' * 2}" for name in ROLES} | {
    "link_secret": "link-" + "fedcba9876543210" * 2,
    "database_password": "database-" + "02468ace13579bdf" * 2,
}


CONSOLE_TOKEN = "console-" + "13579bdf02468ace" * 2
PAGES = "pages"  # what notifier shows everybody, on a port of its own


@cache
def apps() -> dict[str, Any]:
    """Returns the services as they run in production, but for their database, which nobody has opened."""
    return {
        "console": console(ConsoleSettings(**SECRETS, console_token=CONSOLE_TOKEN)).app(),  # type: ignore[arg-type]
        "monitor": monitor(MonitorSettings(**SECRETS)).app(),  # type: ignore[arg-type]
        "notifier": notifier(NotifierSettings(**SECRETS)).app(),  # type: ignore[arg-type]
        PAGES: notifier(NotifierSettings(**SECRETS)).public_app(),  # type: ignore[arg-type]
        "ticketing": ticketing(TicketingSettings(**SECRETS)).app(),  # type: ignore[arg-type]
    }


def routes() -> Iterator[tuple[str, str]]:
    """Yields every route of every service."""
    for name, app in apps().items():
        for route in iter_route_contexts(app.routes):
            assert route.path is not None
            yield from ((name, f"{method} {route.path}") for method in sorted(route.methods or ()) if method != "HEAD")


ROUTES = list(routes())


def test_every_route_is_in_one_row_of_the_table_and_every_entry_is_a_route_or_a_topic() -> None:
    assert len(ROUTES) > 40
    rows = [row_of(route) for _, route in ROUTES]
    everything = {route for _, route in ROUTES} | set(topics.read())
    assert [way for row in ROWS for way in row.ways if not any(covers(way, each) for each in everything)] == []
    for row in ROWS:
        assert (row in rows) == ("–" not in [row.says[caller] for caller in CALLERS]), row.title


async def answers(app: Any, route: str, *authorizations: str | None) -> list[int]:
    """Returns what the route answers to each of these."""
    method, path = route.split(" ")
    path = re.sub(r"\{[\w:]+\}", "1", path)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://service") as client:
        headers = [{"authorization": each} if each is not None else {} for each in authorizations]
        return [(await client.request(method, path, headers=each)).status_code for each in headers]


@pytest.mark.parametrize(("service", "route"), ROUTES, ids=[" ".join(each) for each in ROUTES])
async def test_a_route_lets_in_whom_the_table_says_and_nobody_else(service: str, route: str) -> None:
    says = row_of(route).says
    strangers = (None, "Bearer wrong", "Bearer ", "", f"Basic {SECRETS['operator_token']}", f"Bearer {SECRETS['link_secret']}")
    for status in await answers(apps()[service], route, *strangers):
        assert (status not in (401, 403)) if says["anonymous"] == "yes" else status == 401
    for role in ROLES:
        [status] = await answers(apps()[service], route, f"Bearer {SECRETS[f'{role}_token']}")
        assert (status not in (401, 403)) if says[role] == "yes" else status == 403, role


@pytest.mark.parametrize("service", sorted(apps().keys() - {PAGES}))
async def test_a_path_that_no_route_has_needs_a_token_all_the_same(service: str) -> None:
    paths = (
        "/v1",
        "/docs/",
        "/docs/swagger-ui.js",
        "/v1/nothing",
        "/redoc",
        "/u",
        "/livez/x",
        "/metrics/x",
        "/u/x/y",
        "http://service//livez",
    )
    for path in paths:
        [anonymous, known] = await answers(apps()[service], f"GET {path}", None, f"Bearer {SECRETS['operator_token']}")
        assert (anonymous, known) == (401, 404), path


async def test_on_the_port_of_the_pages_there_is_nothing_but_pages() -> None:
    assert {route for service, route in ROUTES if service == PAGES} == {
        *("GET /u/{token}", "POST /u/{token}", "GET /livez"),
        *("GET /o/{opened}", "GET /c/{clicked}", "GET /h/{helped}", "POST /h/{helped}", "POST /r/{receipt}"),
    }
    for service, route in ROUTES:
        if service != PAGES and route != "GET /livez":
            assert await answers(apps()[PAGES], route, f"Bearer {SECRETS['operator_token']}") in ([404], [405]), route


# ── Kafka, Postgres, and the other lines ─────────────────────────────────────────────────────


def test_every_topic_is_in_one_row_of_the_table() -> None:
    for topic in topics.read():
        assert row_of(topic).says["Kafka writer"] == "yes"


def test_every_cell_that_is_not_asked_of_a_route_has_tests() -> None:
    said = {(row.title, caller) for row in ROWS for caller in ELSEWHERE if row.says[caller] != "–"}
    assert said == CELLS.keys()


def test_every_limit_has_tests() -> None:
    assert len(LINES) == len(LIMITS)
    for line in LINES:
        assert len([beginning for beginning in LIMITS if line.startswith(beginning)]) == 1, line


@cache
def functions_of(file: str) -> set[str]:
    return {
        node.name
        for node in ast.walk(ast.parse((ROOT / "tests" / file).read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@pytest.mark.parametrize("name", sorted({name for names in (*CELLS.values(), *LIMITS.values()) for name in names}))
def test_a_test_that_proves_a_line_is_there(name: str) -> None:
    file, _, test = name.partition("::")
    assert test in functions_of(file)
