"""Our signatures verify with the libraries of Standard Webhooks in Python and Node, and with the programs of docs/webhooks.md."""

import asyncio
import json
import os
import re
import shutil
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from deploy.local.ports import free_port
from shared.webhooks.signing import secret_of, signed

KEYS = [bytes(range(first, first + 32)) for first in (0, 32)]
SECRETS = [secret_of(key) for key in KEYS]
BODY = json.dumps({"type": "notification.opened", "data": {"text": "Grüße, 😀"}}, ensure_ascii=False).encode()
LATE = timedelta(minutes=6)  # receivers allow five
PAGE = Path(__file__).parents[2] / "docs/webhooks.md"
PACKAGE = "standardwebhooks@1.1.1"
VERIFY = """
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";
const said = JSON.parse(readFileSync(0, "utf8")).map(({ secret, body, headers }) => {
  try { new Webhook(secret).verify(Buffer.from(body, "base64").toString("utf8"), headers); return "verified"; }
  catch (error) { return error.constructor.name; }
});
console.log(JSON.stringify(said));
"""

Call = tuple[str, bytes, dict[str, str]]  # the receiver's secret, and what it gets


def now() -> datetime:
    return datetime.now(UTC)


def good() -> list[Call]:
    """Returns calls that a receiver verifies: by the one secret, and by the old and the new one while it is rotated."""
    one, both = signed(KEYS[:1], "n-1", now(), BODY), signed(KEYS, "n-1", now(), BODY)
    return [(SECRETS[0], BODY, one), (SECRETS[0], BODY, both), (SECRETS[1], BODY, both)]


def forged() -> list[Call]:
    """Returns calls that it refuses: another secret, body, id, and moment."""
    one = signed(KEYS[:1], "n-1", now(), BODY)
    moments = [signed(KEYS, "n-1", now() - by, BODY) for by in (LATE, -LATE)]
    others = [(SECRETS[1], BODY, one), (SECRETS[0], BODY + b" ", one), (SECRETS[0], BODY, {**one, "webhook-id": "n-2"})]
    return [*others, *((SECRETS[0], BODY, headers) for headers in moments)]


def test_python_verifies_what_we_sign_and_refuses_what_is_forged() -> None:
    for secret, body, headers in good():
        assert Webhook(secret).verify(body, headers) == json.loads(BODY)
    for secret, body, headers in forged():
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, headers)


async def ran(folder: Path, *command: str, given: bytes = b"") -> str:
    """Returns what a command prints; one that fails fails the test with what it says."""
    piped = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdin=piped, stdout=piped, stderr=piped)
    out, err = await process.communicate(given)
    assert process.returncode == 0, (command, out.decode(), err.decode())
    return out.decode()


async def with_library(folder: Path) -> str:
    """Installs the npm library into the folder; returns the command that runs programs there."""
    npm, node = shutil.which("npm"), shutil.which("node")
    assert npm, "install Node 20 or later, with npm"
    assert node, "install Node 20 or later"
    await ran(folder, npm, "install", "--silent", "--no-audit", "--no-fund", PACKAGE)
    return node


@pytest.mark.npm
async def test_node_verifies_what_we_sign_and_refuses_what_is_forged(tmp_path: Path) -> None:
    node = await with_library(tmp_path)
    (tmp_path / "verify.mjs").write_text(VERIFY)
    calls = [{"secret": secret, "body": b64encode(body).decode(), "headers": headers} for secret, body, headers in (*good(), *forged())]
    said = json.loads(await ran(tmp_path, node, "verify.mjs", given=json.dumps(calls).encode()))
    assert said == ["verified"] * len(good()) + ["WebhookVerificationError"] * len(forged())


# ── the page for receivers ───────────────────────────────────────────────────────────────────


def program(language: str, port: int) -> str:
    """Returns the page's program in this language, on another port."""
    [found] = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found.count("\n") <= 20
    assert "8080" in found
    return str(found).replace("8080", str(port))


async def asked(port: int, body: bytes, headers: dict[str, str]) -> int:
    """Returns the status that a receiver answers, which may have yet to start."""
    async with asyncio.timeout(20):
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                break
            except OSError:
                await asyncio.sleep(0.05)
        lines = [f"{name}: {value}" for name, value in {**headers, "content-length": str(len(body)), "connection": "close"}.items()]
        writer.write("\r\n".join(["POST / HTTP/1.1", "host: x", *lines, "", ""]).encode() + body)
        status = int((await reader.readline()).split()[1])
        writer.close()
        await writer.wait_closed()
    return status


@asynccontextmanager
async def receiver(folder: Path, *command: str) -> AsyncIterator[None]:
    """Runs a receiver with the first secret."""
    quiet = asyncio.subprocess.DEVNULL
    environment = {**os.environ, "WEBHOOK_SECRET": SECRETS[0]}
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, env=environment, stdout=quiet, stderr=quiet)
    try:
        yield
    finally:
        process.kill()
        await process.wait()


async def answers(port: int, calls: Sequence[Call]) -> list[int]:
    return [await asked(port, body, headers) for secret, body, headers in calls if secret == SECRETS[0]]


async def test_the_python_program_of_the_page_takes_what_we_sign_and_nothing_else(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "receiver.py").write_text(program("python", port))
    async with receiver(tmp_path, sys.executable, "receiver.py"):
        assert await answers(port, good()) == [204, 204]
        assert set(await answers(port, forged())) == {400}


@pytest.mark.npm
async def test_the_node_program_of_the_page_takes_what_we_sign_and_nothing_else(tmp_path: Path) -> None:
    port, node = free_port(), await with_library(tmp_path)
    (tmp_path / "receiver.mjs").write_text(program("js", port))
    async with receiver(tmp_path, node, "receiver.mjs"):
        assert await answers(port, good()) == [204, 204]
        assert set(await answers(port, forged())) == {400}
