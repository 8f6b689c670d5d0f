"""Slack and a mail server of one's own are connected by what docs/channels.md says, and trouble reaches customers on both.

Slack is a server that speaks TLS as hooks.slack.com, behind a proxy; the mail server wants STARTTLS and a log-in.
"""

import asyncio
import os
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import uvicorn
import yaml

from shared.events import Contact
from shared.settings import Settings
from tests.builders import customer
from tests.certificates import authority
from tests.contract.brokers import eventually
from tests.flow.notifier_stage import CONFIG, MINUTE, Stage, delivery_of, impact, opened, resolved, stage
from tests.providers import slack
from tests.providers.slack import FakeSlack
from tests.smtp import post_office

pytestmark = pytest.mark.asyncio

PAGE = (Path(__file__).parents[2] / "docs/channels.md").read_text()
ON_SLACK = Contact(channel="slack", address=slack.URL)


def blocks(heading: str, language: str) -> list[str]:
    """Returns what the page shows in that language below a heading."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```", section, re.DOTALL | re.MULTILINE)
    assert found, f"docs/channels.md shows no {language} below {heading!r}"
    return found


@asynccontextmanager
async def tls_server(app: FakeSlack, certificate: Path, key: Path) -> AsyncIterator[int]:
    config = uvicorn.Config(app, "127.0.0.1", 0, log_config=None, lifespan="off", ssl_certfile=certificate, ssl_keyfile=key)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    await eventually(lambda: server.started)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def proxy_to(port: int, asked: list[str]) -> AsyncIterator[int]:
    """Yields the port of a proxy that leads every CONNECT (RFC 9110, 9.3.6) to one port of this machine."""

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while piece := await reader.read(65536):
                writer.write(piece)
                await writer.drain()
        writer.close()

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).split()[1].decode())
        inside = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        await asyncio.gather(pass_on(reader, inside[1]), pass_on(inside[0], writer))

    async with await asyncio.start_server(tunnel, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def hang_up(on: Stage) -> None:
    """Closes the channels' connections, as notifier does when it ends."""
    channels = [asyncio.create_task(route.channel.run()) for route in delivery_of(on.service).routes.values()]
    await asyncio.sleep(0)
    for each in channels:
        each.cancel()
    await asyncio.wait(channels)


def follow_the_page(folder: Path, relay: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Does what the page says, with another relay than the one it shows."""
    [said] = blocks("Before you begin", "yaml")
    (folder / "notifications.yml").write_text(
        yaml.safe_dump(yaml.safe_load((CONFIG / "notifications.yml").read_text()) | yaml.safe_load(said))
    )
    [shown] = blocks("E-mail by your own mail server", "text")
    assert "mail.example.org:587" in shown
    (folder / "smtp_relays").write_text(shown.strip().replace("mail.example.org:587", relay))
    for line in "".join(blocks("E-mail by your own mail server", "sh")).splitlines():
        name, _, value = line.strip().partition("=")
        monkeypatch.setenv(name, value.replace("/config/", f"{folder}/"))


async def test_by_the_page_alone_customers_are_told_in_slack_and_by_ones_own_mail_server(
    fresh_database: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a Slack, reached by a proxy, and a mail server whose certificate an authority of our own signed
    own, workspace, asked = authority(tmp_path, "mail-ca"), FakeSlack(), list[str]()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*own.sign("mail", "localhost"))
    async with (
        tls_server(workspace, *own.sign("slack", "hooks.slack.com")) as port,
        proxy_to(port, asked) as proxy,
        post_office(password="p@ss:w/", tls=context, pipelining=True) as office,
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy}")
        monkeypatch.setenv("SSL_CERT_FILE", str(own.ca))
        # When both are connected as the page says, and two customers meet trouble, one of whom has a channel in Slack
        follow_the_page(tmp_path, f"localhost:{office.address[1]}", monkeypatch)
        named: dict[str, Any] = {"own_config_dir": str(tmp_path), "mail_from": os.environ["FOREWARN_MAIL_FROM"]}
        async with stage(fresh_database, smtp_host="unused.example", **named) as on:
            await on.know("c-2")
            await on.hear(customer("c-1", at=on.now, contacts=(Contact(channel="email", address="ada@example.org"), ON_SLACK)))
            await on.hear(opened(on.now), impact(on.now, "c-1", "c-2"))
            await on.loop.advance(MINUTE)
            await on.hear(resolved(on.now))
            ledger = [await on.ledger(each) for each in ("c-1", "c-2")]
            await hang_up(on)
    # Then each hears on their channel that it began and that it is over
    assert ledger == [[("opened", "delivered", None), ("resolved", "delivered", None)]] * 2
    assert ["All clear" in str(each) for each in workspace.posted] == [False, True]
    assert [(to, mail["X-Forewarn-Kind"]) for to, mail in office.mails] == [("c-2@example.org", "opened"), ("c-2@example.org", "resolved")]
    assert {str(mail["List-Unsubscribe"]).partition("/u/")[0] for _, mail in office.mails} == {"<https://notices.example.org"}
    assert {str(mail["From"]) for _, mail in office.mails} == {"Shop <support@example.org>"}
    assert set(asked) == {"hooks.slack.com:443"}
