"""What flow tests of consent need: a notifier whose limits are small, and people who call its API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2

from deploy import tokens_file
from deploy.local.tokens import added
from shared.http.tokens import mint, sha256
from shared.http.tokens_file import Entry, Token
from shared.identity import Role
from shared.settings import Settings
from tests.flow.notifier_stage import CONFIG, Stage, impact, opened, stage

SMALL = """
autonomy:
  default: {auto_up_to: 0%, at_least: 3}
  two_people: {share: 0%, at_least: 8}
  first: 2
  reviewers: {eve: eve@example.org}
  brakes: {at_least: 4, normal: 10, normal_after: 2, repeats: 3, repeats_per: 1h}
"""

CONSOLE = mint(Role.OPERATOR)


@asynccontextmanager
async def small_stage(settings: Settings, folder: Path, autonomy: str = SMALL) -> AsyncIterator[Stage]:
    """Yields a notifier that tells three customers of an incident without asking anybody."""
    shipped = (CONFIG / "notifications.yml").read_text()
    before, _, after = shipped.partition("\nautonomy:")
    rest = after[after.index("\n\n") :] if after else ""
    (folder / "notifications.yml").write_text(before + rest + autonomy)
    tokens = folder / "tokens.yml"
    entry = Entry(role=Role.OPERATOR, may_act_for_others=True, tokens=(Token(sha256=sha256(CONSOLE), created_at=datetime.now(UTC)),))
    assert tokens_file.change(tokens, lambda held: added(held, "console", entry)) is None
    async with stage(settings, own_config_dir=str(folder), tokens_file=str(tokens)) as it:
        yield it


def customers(count: int, first: int = 1) -> list[str]:
    return [f"c-{number}" for number in range(first, first + count)]


async def touch(on: Stage, *customer_ids: str, incident_id: str = "i-1", chunk: int = 0) -> None:
    """Has an incident touch customers whom the directory knows."""
    await on.know(*customer_ids)
    await on.hear(opened(on.now, incident_id), impact(on.now, *customer_ids, incident_id=incident_id, chunk=chunk))


async def ask(on: Stage, method: str, path: str, body: Any = None, *, person: str = "eve") -> httpx2.Response:
    """Returns what the API answers the console, which asks for a person."""
    async with on.client(CONSOLE) as client:
        return await client.request(method, path, json=body, headers={"Forewarn-Acting-For": person})


async def waiting(on: Stage) -> list[dict[str, Any]]:
    """Returns the approvals that wait."""
    items: list[dict[str, Any]] = (await ask(on, "GET", "/v1/approvals?standing=waiting")).json()["items"]
    return items


async def story(on: Stage, approval_id: str) -> dict[str, Any]:
    """Returns one approval with all a person needs to decide."""
    answer = await ask(on, "GET", f"/v1/approvals/{approval_id}")
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def told(on: Stage, kind: str = "opened") -> set[str]:
    """Returns which customers have got mail of a kind; nobody has got two of one incident."""
    mails = [(to, str(mail["Message-ID"])) for to, mail in on.office.mails if mail["X-Forewarn-Kind"] == kind]
    assert len(mails) == len(set(mails))
    return {to.partition("@")[0] for to, _ in mails}
