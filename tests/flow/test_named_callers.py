"""Callers with tokens of their own are let in, known by name, act for others if they may, and are refused once revoked."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from deploy import tokens_file
from deploy.local.tokens import added, revoked, rotated
from deploy.services import NAMES
from deploy.tokens_file import Change
from shared.cloudevents import write_event
from shared.http.callers import ACTING_FOR
from shared.http.tokens import mint, sha256
from shared.http.tokens_file import Entry, Token
from shared.identity import Role
from shared.observing.logs import FORMAT, OneLine
from shared.settings import Settings
from tests.builders import event
from tests.flow.every_service import Site, site
from tests.hostile.terminals import HOSTILE

pytestmark = pytest.mark.asyncio

WITHIN = 10.0  # seconds for what takes one on a machine that has time
KEY = {"Idempotency-Key": "1"}
TICKET = {"customer_id": "c-1", "subject": "Cannot pay", "body": "The checkout hangs."}
INCIDENT = """INSERT INTO incidents (id, rule, component, severity, title, status, started_at, opened_at, why)
    VALUES ('{}', 'r', 'c', 'high', 't', 'open', now(), now(), '{{}}')"""


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Returns once the condition holds. Raises TimeoutError when it takes too long."""
    async with asyncio.timeout(WITHIN):
        while not await condition():  # noqa: ASYNC110  nothing signals it
            await asyncio.sleep(0.02)


def hashed(token: str) -> Token:
    return Token(sha256=sha256(token), created_at=datetime.now(UTC))


@dataclass(frozen=True)
class Here:
    """All three services with a file of tokens, and somebody who changes it."""

    site: Site
    path: Path

    def give(self, name: str, role: Role, may_act_for_others: bool = False) -> str:
        token = mint(role)
        entry = Entry(role=role, may_act_for_others=may_act_for_others, tokens=(hashed(token),))
        self._change(lambda held: added(held, name, entry))
        return token

    def rotate(self, name: str, role: Role, overlap: timedelta) -> str:
        token, ends_at = mint(role), datetime.now(UTC) + overlap
        self._change(lambda held: rotated(held, name, hashed(token), ends_at))
        return token

    def take(self, name: str) -> None:
        self._change(lambda held: revoked(held, name))

    def _change(self, decide: Change) -> None:
        assert tokens_file.change(self.path, decide) is None

    async def call(self, token: str, method: str, url: str, service: str = "ticketing", **request: Any) -> httpx2.Response:
        headers = {"authorization": f"Bearer {token}", **request.pop("headers", {})}
        return await self.site.ask(service, method, url, None, headers=headers, **request)

    async def is_let_in(self, token: str, service: str = "ticketing") -> bool:
        """Says whether the token is known, by a path that no route has: only with a token does one learn that it is not there."""
        status = (await self.call(token, "GET", "/v1/nothing", service)).status_code
        assert status in (404, 401)
        return status == 404

    async def lets_in(self, token: str, yes: bool = True) -> None:
        """Returns once all services let it in, or refuse it."""
        for service in NAMES:
            await until(partial(self._lets, service, token, yes))

    async def _lets(self, service: str, token: str, yes: bool) -> bool:
        return await self.is_let_in(token, service) is yes

    async def finds_the_file_broken(self) -> bool:
        """Says whether the metrics say so: nobody needs to call for that but Prometheus."""
        return "\nforewarn_tokens_file_broken 1.0" in (await self.site.ask("monitor", "GET", "/metrics", None)).text

    async def rows(self, service: str, table: str) -> int:
        async with self.site.databases[service].connection() as connection:
            found: int = await connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608
            return found


@pytest.fixture
async def here(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Here]:
    path = tmp_path / "tokens.yml"
    tokens_file.ensure(path)
    async with site(fresh_database.model_copy(update={"tokens_file": str(path)})) as services:
        yield Here(services, path)


# ── in and out, without a restart ────────────────────────────────────────────────────────────


async def test_a_caller_comes_in_once_it_has_a_token_and_is_out_once_it_has_lost_it(here: Here) -> None:
    assert not await here.is_let_in(mint(Role.AGENT))
    ada, bob = here.give("ada", Role.AGENT), here.give("bob", Role.AGENT)
    await here.lets_in(ada)
    here.take("ada")
    await here.lets_in(ada, False)
    assert await here.is_let_in(bob)
    assert await here.is_let_in("agent-token")  # the shared token of agents goes on working


async def test_a_token_lets_in_where_its_role_may_and_nowhere_else(here: Here) -> None:
    tokens = {role: here.give(f"a-{role}", role) for role in Role}
    await here.lets_in(tokens[Role.PRODUCER])
    statuses = {
        role: [
            (await here.call(token, "POST", "/v1/events", "monitor", content=b"{")).status_code,
            (await here.call(token, "GET", "/v1/tickets")).status_code,
            (await here.call(token, "GET", "/v1/due")).status_code,
        ]
        for role, token in tokens.items()
    }
    assert statuses == {Role.PRODUCER: [400, 403, 403], Role.AGENT: [403, 200, 403], Role.OPERATOR: [400, 200, 200]}


async def test_after_a_rotation_both_tokens_work_and_without_an_overlap_only_the_new_one(here: Here) -> None:
    old = here.give("ada", Role.AGENT)
    new = here.rotate("ada", Role.AGENT, timedelta(hours=1))
    await here.lets_in(new)
    assert await here.is_let_in(old)
    last = here.rotate("ada", Role.AGENT, timedelta())
    await here.lets_in(last)
    assert [await here.is_let_in(token) for token in (old, new, last)] == [False, False, True]


async def test_a_broken_file_takes_nobodys_token_and_is_seen_in_the_metrics(here: Here) -> None:
    ada = here.give("ada", Role.AGENT)
    await here.lets_in(ada)
    here.path.write_text("callers: [")
    await until(here.finds_the_file_broken)
    assert await here.is_let_in(ada, "monitor")


# ── whose key, and whose act ─────────────────────────────────────────────────────────────────


async def test_two_products_that_use_the_same_idempotency_key_both_count(here: Here) -> None:
    products = [here.give(name, Role.PRODUCER) for name in ("shop", "app")]
    await here.lets_in(products[1])
    for number, token in enumerate(products):
        content = write_event(event(str(number)))
        for replayed in (None, "true"):
            answer = await here.call(token, "POST", "/v1/events", "monitor", content=content, headers=KEY)
            assert (answer.status_code, answer.headers.get("idempotency-replayed")) == (202, replayed)
    assert await here.rows("monitor", "outbox") == 2
    tickets = [(await here.call(token, "POST", "/v1/tickets", json=TICKET, headers=KEY)).json()["id"] for token in (*products, *products)]
    assert tickets[:2] == tickets[2:]
    assert await here.rows("ticketing", "tickets") == 2


async def test_a_key_outlives_a_rotation(here: Here) -> None:
    old = here.give("shop", Role.PRODUCER)
    await here.lets_in(old)
    first = await here.call(old, "POST", "/v1/tickets", json=TICKET, headers=KEY)
    new = here.rotate("shop", Role.PRODUCER, timedelta())
    await here.lets_in(new)
    again = await here.call(new, "POST", "/v1/tickets", json=TICKET, headers=KEY)
    assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")


async def dismissed_by(here: Here, token: str, id_: str, **headers: str) -> Any:
    await here.site.run("monitor", INCIDENT.format(id_))
    answer = await here.call(token, "POST", f"/v1/incidents/{id_}/dismiss", "monitor", json={}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["by"]


async def test_what_is_done_was_done_by_the_name_of_the_token_or_by_whom_a_trusted_caller_acts_for(here: Here) -> None:
    ada, console = here.give("ada", Role.AGENT), here.give("console", Role.AGENT, may_act_for_others=True)
    await here.lets_in(console)
    assert await dismissed_by(here, ada, "i-1") == "ada"
    assert await dismissed_by(here, console, "i-2") == "console"
    assert await dismissed_by(here, console, "i-3", **{ACTING_FOR: "bob@example.org"}) == "bob@example.org"
    assert await dismissed_by(here, "agent-token", "i-4") == "agent"


async def test_whoever_acts_for_others_has_its_own_role_and_no_more(here: Here) -> None:
    console = here.give("console", Role.AGENT, may_act_for_others=True)
    await here.lets_in(console)
    answer = await here.call(console, "GET", "/v1/due", headers={ACTING_FOR: "operator@example.org"})
    assert (answer.status_code, answer.json()["detail"]) == (403, "this needs the role operator")


async def test_who_may_not_act_for_others_is_told_so_and_nothing_is_done(here: Here) -> None:
    ada = here.give("ada", Role.OPERATOR)
    await here.lets_in(ada)
    for token in (ada, "operator-token"):
        for person in ("bob@example.org", "ada", ""):
            answer = await here.call(token, "POST", "/v1/tickets", json=TICKET, headers={ACTING_FOR: person})
            assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
            assert answer.json()["detail"] == "this token may not act for others: leave Forewarn-Acting-For out"
    assert await here.rows("ticketing", "tickets") == 0


async def test_nobody_can_be_acted_for_by_a_name_that_is_reserved_or_none(here: Here) -> None:
    console = here.give("console", Role.OPERATOR, may_act_for_others=True)
    await here.lets_in(console)
    hostile = [text.encode("utf-8", "replace").decode("latin-1")[:2000] for text in HOSTILE.values()]
    for person in ("", " ", "forewarn", "Forewarn", "AGENT", "a" * 255, "äda", "a\0b", "a, b", "\xff", *hostile):
        answer = await here.call(console, "POST", "/v1/tickets", json=TICKET, headers={ACTING_FOR: person.encode("latin-1")})
        assert answer.status_code == 422, person
        assert answer.json()["detail"].startswith("Forewarn-Acting-For: ")
    assert await here.rows("ticketing", "tickets") == 0


async def test_a_key_that_was_used_for_one_person_answers_no_other(here: Here) -> None:
    console = here.give("console", Role.AGENT, may_act_for_others=True)
    await here.lets_in(console)

    async def ticket(person: str) -> httpx2.Response:
        return await here.call(console, "POST", "/v1/tickets", json=TICKET, headers={**KEY, ACTING_FOR: person})

    first = await ticket("ada@example.org")
    assert (first.status_code, (await ticket("bob@example.org")).status_code) == (201, 422)
    assert (await ticket("ada@example.org")).json() == first.json()


# ── what is never said ───────────────────────────────────────────────────────────────────────


async def test_no_token_is_in_any_log_whatever_is_done_with_it(here: Here, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        token = here.give("ada", Role.OPERATOR)
        await here.lets_in(token)
        for url in (f"/v1/tickets/{token}", f"/v1/tickets?customer_id={token}%00", f"/v1/incidents/{token}%00", f"/{token}"):
            for service in NAMES:
                await here.call(token, "GET", url, service, headers={ACTING_FOR: token})
                await here.call(token, "GET", url, service, headers=KEY)
        here.path.write_text(f"callers: {{{token}: {{role: agent}}}}")
        await until(here.finds_the_file_broken)
        logging.getLogger("shared.test").error("it says %s", token)
    lines = [OneLine(FORMAT).format(record) for record in caplog.records if record.name.startswith(("shared", "services"))]
    assert any("cannot be read" in line for line in lines)
    assert any("it says fw_operator_…" in line for line in lines)
    assert not [line for line in lines if token[12:30] in line]
