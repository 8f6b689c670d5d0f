"""Runs the whole of Forewarn on this machine, with nothing installed but Python: Kafka, Postgres, a mailbox and the services.

The services run as they do in production, a process each; only what they talk to is small. When the context
ends, by whatever way, nothing is left: no process, no file.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_urlsafe

from deploy import console_token, tokens_file, topics
from deploy.local.ports import claimed_port
from deploy.local.postgres import Database, postgres
from deploy.local.processes import ROOT, Child, announced, child, ended_well, ready, stop
from deploy.local.smtp import Inbox, inbox
from deploy.roles import role_of
from deploy.services import NAMES, SERVICES
from shared.http.tokens import mint
from shared.identity import Role

CONSOLE = "console"
PORT_OF_CONSOLE = next(spec.port for spec in SERVICES if spec.name == CONSOLE)
START_S = 60.0  # for one part; a slow machine that compiles everything for the first time needs 20

Say = Callable[[str], None]


@dataclass(frozen=True)
class Stack:
    """Says what runs, and how to reach it."""

    kafka: str  # host:port
    urls: Mapping[str, str]  # by service
    tokens: Mapping[str, str]  # by role: producer, agent, operator
    tokens_file: Path  # `forewarn tokens` writes it
    inbox: Inbox
    logs: Path
    children: tuple[Child, ...]

    def check(self) -> None:
        """Raises `Failed` when a service has ended."""
        for service in self.children:
            service.check()


@asynccontextmanager
async def stack(say: Say, config: Path = ROOT / "deploy" / "config", own: Path | None = None) -> AsyncIterator[Stack]:
    """Starts everything and waits until it is ready; `say` is told what happens. Files in `own` count before those in `config`.

    Raises `Failed` with the log of what did not start.
    """
    folder = await asyncio.to_thread(_temporary_folder)
    try:
        async with AsyncExitStack() as running:
            yield await _start(running, folder, {"FOREWARN_CONFIG_DIR": str(config), "FOREWARN_OWN_CONFIG_DIR": str(own or "")}, say)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _temporary_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="forewarn-"))
    folder.chmod(0o755)  # Postgres refuses to run as root, and reads this folder as another user; each part keeps its own folder to itself
    (folder / "logs").mkdir(mode=0o700)
    return folder


async def _start(running: AsyncExitStack, folder: Path, config: dict[str, str], say: Say) -> Stack:
    logs = folder / "logs"
    say("starting Kafka, Postgres and a mailbox")
    box = await running.enter_async_context(inbox(folder / "mail"))
    cluster = await running.enter_async_context(child("deploy.local.kafka", *topics.read(), environment={}, log=logs / "kafka.log"))
    database = await running.enter_async_context(postgres(folder / "postgres"))
    kafka = await announced(cluster, "listening on ", START_S)
    passwords = {service: token_urlsafe(24) for service in NAMES}
    say("making roles, schemas and tables")
    async with child("deploy.init", environment=_for_init(kafka, database, passwords), log=logs / "init.log") as init:
        await ended_well(init, START_S)
    tokens = {role: token_urlsafe(24) for role in ("producer", "agent", "operator")}
    wished = {CONSOLE: PORT_OF_CONSOLE}  # people find it where docs say
    ports = {spec.name: running.enter_context(claimed_port(wished.get(spec.name, 0))) for spec in SERVICES}
    pages = running.enter_context(claimed_port())  # the port of the pages that customers reach
    callers = folder / "callers" / "tokens.yml"
    tokens_file.ensure(callers)
    common = _common(kafka, database) | config | {"FOREWARN_TOKENS_FILE": str(callers)} | _secrets(tokens, pages, box)
    common |= _consoles(callers, ports)
    say(f"starting {', '.join(NAMES)}")
    children = [
        await running.enter_async_context(
            child(f"services.{service}", environment=common | _own(service, ports, passwords), log=logs / f"{service}.log")
        )
        for service in NAMES
    ]
    running.push_async_callback(_stop_all, children)  # at the end all at once; one by one only when the start failed
    async with asyncio.TaskGroup() as waiting:
        for service, port in zip(children, ports.values(), strict=True):
            waiting.create_task(ready(service, port, START_S))
    urls = {service: f"http://127.0.0.1:{port}" for service, port in ports.items()}
    return Stack(kafka, urls, tokens, callers, box, logs, (cluster, *children))


async def _stop_all(children: list[Child]) -> None:
    await asyncio.gather(*(stop(each.process) for each in children))


def _common(kafka: str, database: Database) -> dict[str, str]:
    return {
        "FOREWARN_ENVIRONMENT": "demo",
        "FOREWARN_KAFKA": kafka,
        "FOREWARN_DATABASE_HOST": database.host,
        "FOREWARN_DATABASE_PORT": str(database.port),
        "FOREWARN_DATABASE_NAME": "forewarn",
    }


def _for_init(kafka: str, database: Database, passwords: Mapping[str, str]) -> dict[str, str]:
    return _common(kafka, database) | {
        "FOREWARN_INIT_TOPICS": "false",  # the mock cluster makes its topics by itself and knows no admin client
        "FOREWARN_ADMIN_USER": "postgres",
        **{f"FOREWARN_{service.upper()}_PASSWORD": password for service, password in passwords.items()},
    }


def _secrets(tokens: Mapping[str, str], pages: int, box: Inbox) -> dict[str, str]:
    host, port = box.address
    return {
        **{f"FOREWARN_{role.upper()}_TOKEN": token for role, token in tokens.items()},
        "FOREWARN_LINK_SECRET": token_urlsafe(24),
        "FOREWARN_WEBHOOK_SECRET": token_urlsafe(24),
        "FOREWARN_WEBHOOK_NETWORKS": "127.0.0.0/8",
        "FOREWARN_WEBHOOK_CLEAR": "true",
        "FOREWARN_SMTP_HOST": host,
        "FOREWARN_SMTP_PORT": str(port),
        "FOREWARN_SMTP_TLS": "none",
        "FOREWARN_MAIL_FROM": "Example Shop <support@example.com>",
        "FOREWARN_PUBLIC_PORT": str(pages),
        "FOREWARN_PUBLIC_URL": f"http://127.0.0.1:{pages}",
    }


def _consoles(callers: Path, ports: Mapping[str, int]) -> dict[str, str]:
    """Returns where the console is and whom it asks, with a token that the file of tokens knows from now on."""
    token = mint(Role.OPERATOR)
    console_token.make_known(callers, token, datetime.now(UTC).replace(microsecond=0))
    return {
        "FOREWARN_CONSOLE_TOKEN": token,
        "FOREWARN_CONSOLE_URL": f"http://localhost:{ports[CONSOLE]}",  # a browser keeps a session there without TLS
        **{f"FOREWARN_{name.upper()}_URL": f"http://127.0.0.1:{port}" for name, port in ports.items() if name != CONSOLE},
    }


def _own(service: str, ports: Mapping[str, int], passwords: Mapping[str, str]) -> dict[str, str]:
    return {
        "FOREWARN_HTTP_HOST": "127.0.0.1",
        "FOREWARN_HTTP_PORT": str(ports[service]),
        "FOREWARN_DATABASE_USER": role_of(service),
        "FOREWARN_DATABASE_PASSWORD": passwords[service],
    }
