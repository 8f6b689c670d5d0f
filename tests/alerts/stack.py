"""The compose stack of the alert tests: a project and ports of its own, and Prometheus and Alertmanager that are quicker than shipped."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import httpx2 as httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete

from deploy.local.ports import free_port
from deploy.services import NAMES
from shared.cloudevents import FACT_HEADERS, write_fact
from shared.events import TOPIC_OF, Fact
from tests.alerts import scaling
from tests.certificates import authority
from tests.compose.running import output
from tests.containers import KAFKA

ROOT = Path(__file__).parents[2]
PROJECT = "forewarn-alerts"
PARTS = (*NAMES, "kafka", "maildev", "prometheus", "alertmanager")
PORTS = {"monitor": 8001, "kafka": 9092, "maildev": 1080, "prometheus": 9090}  # that are asked; with none, a service may have replicas
UP_S = 180
SHOP = "shop.orders"  # the topic of the only source
HOOK = "carrier"  # the only hook
SEEN_LIMIT = 30_000  # events that monitor of this stack remembers

# This mail server refuses every sender, in the place of `maildev`; the test that needs it starts it.
REFUSING = f"""  refusing:
    image: forewarn:0.1.0
    pull_policy: never
    profiles: [refusing]
    healthcheck: {{disable: true}}
    networks: {{serving: {{aliases: [maildev]}}}}
    volumes: ["{ROOT}/tests/alerts/refusing.py:/refusing.py:ro"]
    command: [python, /refusing.py]
"""
# This is the mailbox of bounces, in which nothing ever is. `{{tls}}` is the folder of its certificate.
MAILBOX = f"""  bounces:
    image: forewarn:0.1.0
    pull_policy: never
    healthcheck:
      test: [CMD, python, -c, "import socket; socket.create_connection(('127.0.0.1', 1143), 2).close()"]
      interval: 2s
      timeout: 3s
      retries: 20
    networks: [serving]
    volumes: ["{ROOT}/tests/alerts/mailbox.py:/mailbox.py:ro", "{{tls}}:/tls:ro"]
    command: [python, /mailbox.py, /tls/ca-bounces.pem, /tls/ca-bounces.key]
"""
OF_NOTIFIER = {
    "FOREWARN_OPERATOR_ADDRESSES": "duty = duty@example.org",
    "FOREWARN_BOUNCE_ADDRESS": "bounces@example.org",
    "FOREWARN_BOUNCE_IMAP_HOST": "bounces",
    "FOREWARN_BOUNCE_IMAP_PORT": "1143",
    "FOREWARN_BOUNCE_IMAP_CA": "/tls/ca.pem",
    "FOREWARN_BOUNCE_IMAP_USERNAME": "bounces",
    "FOREWARN_BOUNCE_IMAP_PASSWORD": "none",
}


@dataclass
class Stack:
    """The running stack, what can be taken from it, and what Prometheus says about it."""

    folder: Path
    ports: Mapping[str, int]
    speaking: asyncio.Event = field(default_factory=asyncio.Event)  # a source speaks while it is set
    http: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=10))

    # ── compose ──────────────────────────────────────────────────────────────────────────────

    async def compose(self, *command: str, given: bytes = b"") -> str:
        """Runs `docker compose …` and returns what it printed. Raises RuntimeError when it fails."""
        process = await self._started(*command)
        said, complained = await process.communicate(given)
        if process.returncode != 0:
            raise RuntimeError(f"docker compose {' '.join(command)}: {complained.decode()[-2000:]}")
        return said.decode()

    async def remove(self) -> None:
        """Nothing of it is left when this returns."""
        await self.compose("down", "--volumes", "--timeout", "3", "--remove-orphans")

    async def scale(self, service: str, replicas: int) -> None:
        """So many replicas run and are healthy when this returns."""
        await self.compose("up", "--detach", "--wait", "--no-deps", "--no-recreate", "--scale", f"{service}={replicas}", service)

    async def kill_one(self, service: str) -> None:
        """SIGKILL for one replica, which Docker does not start again by itself."""
        await output("docker", "kill", (await self.compose("ps", "--quiet", service)).split()[0])

    async def shell(self, command: str) -> None:
        """Runs it in a container of the command line, which may write what operators write."""
        await self.compose("run", "--rm", "-T", "--no-deps", "--entrypoint", "sh", "forewarn", "-c", command)

    async def _started(self, *command: str) -> asyncio.subprocess.Process:
        files = ("-f", str(ROOT / "docker-compose.yml"), "-f", str(self.folder / "override.yml"))
        return await asyncio.create_subprocess_exec(
            "docker", "compose", "-p", PROJECT, *files, "--profile", "observability", *command,
            cwd=ROOT, env={**os.environ, "COMPOSE_PROJECT_NAME": PROJECT, "FOREWARN_CONFIG": str(self.folder / "own")},
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip

    async def sql(self, statement: str) -> str:
        """Runs SQL as the database's superuser."""
        return await self.compose(
            "exec", "-T", "postgres", "psql", "-U", "postgres", "-d", "forewarn", "-v", "ON_ERROR_STOP=1", "-qtAc", statement
        )

    @asynccontextmanager
    async def holding(self, statement: str) -> AsyncIterator[None]:
        """Yields a transaction that did this and does not end, while the context lasts."""
        process = await self._started("exec", "-T", "postgres", "psql", "-U", "postgres", "-d", "forewarn", "-q")
        assert process.stdin is not None
        process.stdin.write(f"BEGIN; {statement};\n\\echo held\n".encode())
        await process.stdin.drain()
        assert process.stdout is not None
        while b"held" not in (line := await process.stdout.readline()):
            if not line:
                raise RuntimeError(f"the transaction ended before it did this: {statement}")
        try:
            yield
        finally:
            process.stdin.write(b"ROLLBACK;\n")
            process.stdin.close()
            await process.wait()

    # ── what it is fed ───────────────────────────────────────────────────────────────────────

    @asynccontextmanager
    async def producing(self, **settings: Any) -> AsyncIterator[AIOKafkaProducer]:
        producer = AIOKafkaProducer(bootstrap_servers=f"localhost:{self.ports['kafka']}", **settings)
        await producer.start()
        try:
            yield producer
        finally:
            await producer.stop()

    @asynccontextmanager
    async def consuming(self, *topics: str, **settings: Any) -> AsyncIterator[AIOKafkaConsumer]:
        consumer = AIOKafkaConsumer(*topics, bootstrap_servers=f"localhost:{self.ports['kafka']}", **settings)
        try:
            await consumer.start()  # one that is cancelled meanwhile may be a member already, and must leave
            yield consumer
        finally:
            await consumer.stop()

    async def say(self, *facts: Fact) -> None:
        """Publishes the facts: they are on their topics when this returns."""
        async with self.producing() as producer:
            for fact in facts:
                await producer.send_and_wait(TOPIC_OF[type(fact)], write_fact(fact), key=fact.subject.encode(), headers=list(FACT_HEADERS))

    async def put(self, topic: str, value: bytes, count: int) -> None:
        """Sends the same bytes so many times, to one partition."""
        async with self.producing() as producer:
            await asyncio.gather(*[await producer.send(topic, value, partition=0) for _ in range(count)])

    async def forget(self, topic: str) -> None:
        """Deletes all records of a topic, as retention does."""
        async with self._administering() as admin:
            await admin.delete_records({TopicPartition(topic, number): RecordsToDelete(-1) for number in range(10)})

    async def make(self, topic: str) -> None:
        """Makes a topic, as another system does."""
        async with self._administering() as admin:
            await admin.create_topics([NewTopic(topic, 1, 1)])

    @asynccontextmanager
    async def _administering(self) -> AsyncIterator[AIOKafkaAdminClient]:
        admin = AIOKafkaAdminClient(bootstrap_servers=f"localhost:{self.ports['kafka']}")
        await admin.start()
        try:
            yield admin
        finally:
            await admin.close()

    async def dismiss_incidents(self) -> None:
        """Dismisses every open incident, as an operator does."""
        token = (await self.compose("exec", "-T", "monitor", "cat", "/run/secrets/operator_token")).strip()
        incidents, headers = f"http://localhost:{self.ports['monitor']}/v1/incidents", {"Authorization": f"Bearer {token}"}
        for incident in (await self.http.get(incidents, params={"status": "open"}, headers=headers)).json()["items"]:
            (await self.http.post(f"{incidents}/{incident['id']}/dismiss", headers=headers)).raise_for_status()

    # ── what is said about it ────────────────────────────────────────────────────────────────

    async def firing(self) -> list[dict[str, str]]:
        """Returns the labels of every alert that Prometheus says is firing."""
        answer = await self.http.get(f"http://localhost:{self.ports['prometheus']}/api/v1/alerts")
        return [alert["labels"] for alert in answer.json()["data"]["alerts"] if alert["state"] == "firing"]

    async def query(self, expression: str) -> list[Any]:
        """Returns what Prometheus finds for an expression now."""
        answer = await self.http.get(f"http://localhost:{self.ports['prometheus']}/api/v1/query", params={"query": expression})
        found: list[Any] = answer.json()["data"]["result"]
        return found

    async def mails(self) -> list[dict[str, Any]]:
        """Returns every mail in MailDev."""
        answer = await self.http.get(f"http://localhost:{self.ports['maildev']}/email")
        found: list[dict[str, Any]] = answer.json()
        return found

    async def log(self, service: str, since: float) -> list[str]:
        """Returns what a service logged since a moment (seconds since 1970)."""
        return (await self.compose("logs", "--no-color", "--no-log-prefix", "--since", f"{since:.3f}", service)).splitlines()


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Stack]:
    """The whole stack, ready; nothing of it is left afterwards."""
    stack = Stack(folder, {name: free_port() for name in PORTS})
    await asyncio.to_thread(_write, stack)
    try:
        await stack.remove()  # what is left of a run that was killed
        await stack.compose("build", "--quiet")
        await stack.compose("up", "--detach", "--wait", "--wait-timeout", str(UP_S), "kafka", "postgres", "maildev", "bounces")
        await stack.make(SHOP)
        await stack.compose("up", "--detach", "--wait", "--wait-timeout", str(UP_S), *PARTS)
        stack.speaking.set()
        yield stack
    finally:
        await stack.http.aclose()
        await stack.remove()


def _write(stack: Stack) -> None:
    """The override file and the configuration it mounts; an operator's own stays out of it."""
    for name, files in {
        "prometheus": {"prometheus.yml": scaling.prometheus(), "rules.yml": scaling.rules()},
        "alertmanager": {"alertmanager.yml": scaling.alertmanager()},
        "config": scaling.config(),
        "own": {},
        "own/hooks": {HOOK: token_urlsafe(32)},
    }.items():
        (stack.folder / name).mkdir()
        for file, text in files.items():
            (stack.folder / name / file).write_text(text)
    (stack.folder / "tls").mkdir()
    authority(stack.folder / "tls").sign("bounces", "bounces")
    mailbox = MAILBOX.format(tls=stack.folder / "tls")
    parts = "".join(f"  {name}:\n    ports: {_published(stack, name)}\n{_more(stack, name)}" for name in PARTS)
    (stack.folder / "override.yml").write_text(f"services:\n{parts}  alerting:\n{_more(stack, 'alerting')}{REFUSING}{mailbox}")
    for path in (stack.folder, *stack.folder.rglob("*")):  # other users read them in their containers
        path.chmod(0o755 if path.is_dir() else 0o644)


def _published(stack: Stack, name: str) -> str:
    return f'!override ["127.0.0.1:{stack.ports[name]}:{PORTS[name]}"]' if name in PORTS else "!reset []"


def _more(stack: Stack, name: str) -> str:
    """What a part is given in another way than shipped. A folder takes the place of the shipped one that is mounted there."""
    match name:
        case "kafka":
            listeners = f"HOST://localhost:{stack.ports['kafka']},INTERNAL://kafka:19092"
            return f"    environment: {{KAFKA_ADVERTISED_LISTENERS: '{listeners}', JAVA_TOOL_OPTIONS: '{KAFKA['JAVA_TOOL_OPTIONS']}'}}\n"
        case "monitor":
            limit = f"    environment: {{FOREWARN_SEEN_LIMIT: '{SEEN_LIMIT}'}}\n"
            return f"{limit}    volumes: ['{stack.folder}/config:/app/deploy/config:ro']\n"
        case "notifier":
            given = ", ".join(f"{setting}: '{value}'" for setting, value in OF_NOTIFIER.items())
            mounted = f"['{stack.folder}/config:/app/deploy/config:ro', '{stack.folder}/tls:/tls:ro']"
            return f"    environment: {{{given}}}\n    volumes: {mounted}\n"
        case "prometheus":
            return f"    volumes: ['{stack.folder}/prometheus:/etc/prometheus:ro']\n"
        case "alerting":
            return f"    volumes: ['{stack.folder}/alertmanager:/app/deploy/alertmanager:ro']\n"
        case _:
            return ""
