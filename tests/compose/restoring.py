"""A stack is restored from a backup: `python -m tests.compose.restoring` prints a line of JSON.

One stack tells an outage, gives out ticket numbers and is backed up, gives out more, and is gone with its volumes. Another, with a broker
that knows nothing, is made from the backup by the documented commands: its numbers go on, the links in old mails work, what its
product says is heard, nobody is told again of what they know, and who was signed in to the console still is, and sees old and new.
"""

import asyncio
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen
from uuid import uuid4

from tests.compose.entering import entered, shown
from tests.compose.running import Running, compose, output, published
from tests.e2e.shop import Shop, until

BEFORE, AFTER = "forewarn-before", "forewarn-after"
UP_S = 240
LOST = 3  # tickets opened after the backup
PERSON = "keeper"  # signed in to the console

Found = dict[str, Any]


async def life_before(stack: Running, back_up: Callable[[], Awaitable[object]]) -> Found:
    """What the first stack leaves behind, after an outage."""
    async with stack.shop(f"old{uuid4().hex[:6]}") as shop:
        await shop.fail(f"checkout-{shop.name}")
        await shop.told("opened", shop.customers, seconds=60)
        return await left_behind(shop, back_up)


async def left_behind(shop: Shop, back_up: Callable[[], Awaitable[object]]) -> Found:
    """A backup, a ticket before and some after it, the unsubscribe link of a mail, and a session of the console."""
    kept, console = await _ticket(shop, "kept"), shop.at.urls["console"]
    inside = await entered(console, PERSON)
    await until(lambda: shown(console, inside, f"/tickets/{kept}", "kept"), f"the console shows ticket {kept}", seconds=30)
    mail = (await shop.mails("opened"))[0]
    link = re.search(r"http://localhost:8012(/u/[\w.-]+)", await _raw(mail.to))
    assert link, "a mail has no unsubscribe link"
    await back_up()
    lost = [await _ticket(shop, f"lost {number}") for number in range(LOST)]
    return {"shop": shop.name, "kept": kept, "lost": lost, "link": link[1], "inside": inside, "secrets": await _secret()}


async def life_after(stack: Running, before: Found) -> Found:
    """Looks whether all goes on. Raises AssertionError when something of before does not."""
    assert await _secret() == before["secrets"], "link_secret is another"
    page = await asyncio.to_thread(_status, await published("notifier", 8012) + before["link"], "POST")
    assert page == 200, f"an unsubscribe link of an old mail answers {page}"
    async with stack.shop(f"new{uuid4().hex[:6]}") as shop:
        known = await shop.get("ticketing", f"/v1/tickets/{before['kept']}")
        assert known.status_code == 200, f"ticket {before['kept']} is not there"
        number = await _ticket(shop, "after")
        assert number > max(before["lost"]), f"number {number} was given before"
        await shop.fail(f"checkout-{shop.name}")
        await shop.told("opened", shop.customers, seconds=90)
        await _console_goes_on(stack.urls["console"], before, f"checkout-{shop.name}")
        again = [mail.to for mail in await stack.mailbox.mails() if mail.to.startswith(before["shop"])]
        assert not again, f"told again: {again}"
        return {"number": number, "told": shop.customers, "told_again": len(again)}


async def _console_goes_on(console: str, before: Found, component: str) -> None:
    """Looks at the console with the session of before. Raises AssertionError or TimeoutError when it shows too little."""
    old, new = f"/tickets/{before['kept']}", "/incidents"
    assert await shown(console, before["inside"], old, "kept"), (
        f"{PERSON} is signed out, or the console does not know ticket {before['kept']}"
    )
    await until(lambda: shown(console, before["inside"], new, component), f"the console shows the outage of {component}", seconds=30)


async def _ticket(shop: Shop, subject: str) -> int:
    headers = {"Authorization": f"Bearer {shop.at.tokens['agent']}"}
    body = {"customer_id": shop.everybody[0], "subject": subject, "body": "It is about something else."}
    answer = await shop.http.post(shop.at.urls["ticketing"] + "/v1/tickets", json=body, headers=headers)
    answer.raise_for_status()
    return int(answer.json()["number"])


async def _raw(to: str) -> str:
    """Returns the source of a mail to that address, soft line breaks undone."""
    listed = await asyncio.to_thread(_get, "http://localhost:1080/email")
    [found] = [each["id"] for each in json.loads(listed) if each["to"][0]["address"] == to][:1]
    return re.sub(r"=\r?\n", "", await asyncio.to_thread(_get, f"http://localhost:1080/email/{found}/source")).replace("=3D", "=")


async def _secret() -> str:
    return await compose("exec", "-T", "notifier", "sha256sum", "/run/secrets/link_secret")


def _get(url: str) -> str:
    with urlopen(url, timeout=10) as answer:  # noqa: S310  an address of ours
        return str(answer.read().decode())


def _status(url: str, method: str) -> int:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    with urlopen(Request(url, b"List-Unsubscribe=One-Click", form, method=method), timeout=10) as answer:  # noqa: S310  as above
        return int(answer.status)


async def _up(project: str) -> Running:
    os.environ["COMPOSE_PROJECT_NAME"] = project
    await compose("up", "--detach", "--wait", "--wait-timeout", str(UP_S))
    return await Running.found()


async def _gone(project: str) -> None:
    os.environ["COMPOSE_PROJECT_NAME"] = project
    await compose("--profile", "*", "down", "--volumes", "--timeout", "5")


async def main() -> int:
    """Prints what was found. Returns the exit code."""
    started, found = time.monotonic(), Found()
    with tempfile.TemporaryDirectory(prefix="forewarn-backup-") as folder:
        try:
            os.environ["COMPOSE_PROJECT_NAME"] = BEFORE
            await compose("build", "--quiet")
            backup = str(Path(folder) / "backup")
            before = await life_before(await _up(BEFORE), lambda: output("deploy/backup", backup))
            await _gone(BEFORE)
            os.environ["COMPOSE_PROJECT_NAME"] = AFTER
            restoring = time.monotonic()
            await output("deploy/restore", backup)
            after = await life_after(await _up(AFTER), before)
            found = {"lost": before["lost"], "restored_s": round(time.monotonic() - restoring), **after}
        except (TimeoutError, RuntimeError, AssertionError, OSError) as error:
            found["fell_short"] = str(error)
            print(await compose("logs", "--no-color", "--tail", "30"), file=sys.stderr)
        finally:
            for project in (BEFORE, AFTER):
                await _gone(project)
    print(json.dumps({**found, "seconds": round(time.monotonic() - started)}), flush=True)
    return int("fell_short" in found)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
