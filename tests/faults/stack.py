"""Runs all services as processes on real Kafka and Postgres, with a sink for their mails, and asks how far they are."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import yaml
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy import topics
from deploy.local.processes import ROOT
from deploy.services import NAMES
from shared.cloudevents import write_event
from shared.events import ProductEvent, Topic
from shared.postgres import wait_for_wakeup
from tests.containers import Kafka, Postgres
from tests.faults.members import Member, started
from tests.faults.preparing import prepared, settings_of
from tests.faults.sink import Sink
from tests.faults.site import within

DATABASE = "forewarn"
TOKEN = "token-of-the-{role}"
STARTS_WITHIN = 180.0  # seconds: five processes at once on a busy machine; how fast one starts is measured elsewhere
EXTRA_TYPE = "com.example.extra"  # of the events that only the extra rule asks for
HOOK, HOOK_SECRET = "alertmanager", "secret-of-the-hook"

STANDS = " UNION ALL ".join(f"SELECT '{name}' AS service, topic, partition, next FROM {name}.offsets" for name in NAMES)  # noqa: S608
WAITS = " UNION ALL ".join(f"SELECT '{name}.outbox' AS place, count(*)::int AS waiting FROM {name}.outbox" for name in NAMES)  # noqa: S608
LEFT = WAITS + " UNION ALL SELECT 'notifier.notifications', count(*)::int FROM notifier.notifications WHERE status = 'waiting'"  # noqa: S608

PROBED, PARTITIONS = (Topic.PRODUCT_EVENTS, Topic.CUSTOMERS, Topic.SUPPORT_REQUESTS), 10

Ends = Mapping[TopicPartition, int]


@dataclass
class Rules:
    """What rules.yml says beside what is shipped."""

    with_extra: bool = True
    reloads: int = 0  # how often a rule was changed that looks at nothing of the load


@dataclass(frozen=True)
class Stack:
    """Everything that runs."""

    kafka: Kafka
    postgres: Postgres
    sink: Sink
    members: Mapping[str, Member]  # by instance: monitor-a, monitor-b, notifier, ticketing, console
    config: Path  # a folder of its own
    rules: Rules = field(default_factory=Rules)

    async def rows(self, query: str, *arguments: object) -> Sequence[asyncpg.Record]:
        """Asks the database, as its superuser."""
        connection = await self.postgres.connect(DATABASE)
        try:
            rows: Sequence[asyncpg.Record] = await connection.fetch(query, *arguments)
            return rows
        finally:
            await connection.close()

    async def ends(self) -> Ends:
        """Returns where each partition of each topic ends now."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.kafka.bootstrap)
        await consumer.start()
        try:
            every = [TopicPartition(name, number) for name, wish in topics.read().items() for number in range(wish.partitions)]
            ends: Ends = await consumer.end_offsets(every)
            return ends
        finally:
            await consumer.stop()

    async def probe(self, name: str) -> int:
        """Says one thing that nobody asks for to each partition of what comes from outside; returns how many product events those were."""
        producer = AIOKafkaProducer(bootstrap_servers=self.kafka.bootstrap, enable_idempotence=True, request_timeout_ms=180_000)
        await producer.start()
        try:
            for topic in PROBED:
                for partition in range(PARTITIONS):
                    value = write_event(ProductEvent(f"{name}-{partition}", "/faults", "com.example.probe", datetime.now(UTC), "1.0"))
                    await producer.send_and_wait(topic, value, key=b"probe", partition=partition)
        finally:
            await producer.stop()
        return PARTITIONS

    @asynccontextmanager
    async def pulse(self) -> AsyncIterator[list[str]]:
        """Publishes one good request a second and partition while the context lasts, as a live product does; yields the ids so far."""
        ids: list[str] = []
        over = asyncio.Event()
        beating = asyncio.create_task(self._beat(ids, over))
        try:
            yield ids
        finally:
            over.set()
            await beating

    async def _beat(self, ids: list[str], over: asyncio.Event) -> None:
        await self.kafka.answering()
        producer = AIOKafkaProducer(bootstrap_servers=self.kafka.bootstrap, enable_idempotence=True, request_timeout_ms=180_000)
        await producer.start()
        try:
            while not over.is_set():
                await asyncio.gather(*[await self._request(producer, ids, partition) for partition in range(PARTITIONS)])
                await wait_for_wakeup(over, 1, clear=False)
        finally:
            await producer.stop()

    async def _request(self, producer: AIOKafkaProducer, ids: list[str], partition: int) -> Awaitable[object]:
        ids.append(f"pulse-{uuid4()}")
        data = {"component": "pulse", "ok": True, "latency_ms": 1}
        event = ProductEvent(ids[-1], "/faults", "com.example.request", datetime.now(UTC), "1.0", data=data)
        sent: Awaitable[object] = await producer.send(Topic.PRODUCT_EVENTS, write_event(event), key=b"pulse", partition=partition)
        return sent

    async def change_rules(self, *, with_extra: bool) -> None:
        """Changes the rules, with or without the extra one, and starts all monitors again."""
        self.write_rules(with_extra=with_extra)
        monitors = [member for name, member in self.members.items() if name.startswith("monitor")]
        await asyncio.gather(*(member.terminate() for member in monitors))
        await asyncio.gather(*(member.start() for member in monitors))
        for member in monitors:
            await _is_ready(member)

    def write_rules(self, **changes: Any) -> None:
        """Writes the rules with these changes of `Rules`. Whoever starts meanwhile reads those of before, or these."""
        for name, value in changes.items():
            setattr(self.rules, name, value)
        _write_rules(self.config, self.rules)

    async def passed(self, ends: Ends) -> bool:
        """Says whether every stream of every service has got so far."""
        return all(row["next"] >= ends[TopicPartition(row["topic"], row["partition"])] for row in await self.rows(STANDS))

    async def ready(self) -> bool:
        """Says whether every process that lives says so."""
        return all(await asyncio.gather(*(member.ready() for member in self.members.values())))

    async def at_rest(self) -> bool:
        """Says whether there is nothing left to read, to say or to send."""
        left = sum(row["waiting"] for row in await self.rows(LEFT))
        return left == 0 and await self.passed(await self.ends())

    async def rests(self, seconds: float, what: str = "everything at rest") -> float:
        """Waits for that; returns how many seconds it took. Raises TimeoutError with what everything stands at."""
        try:
            return await within(seconds, self.at_rest, what)
        except TimeoutError as error:
            logs = "\n".join(f"{name} logged:\n{member.tail()}" for name, member in self.members.items())
            raise TimeoutError("\n".join([str(error), *await self.behind(), await self.standing(), logs])) from None

    async def behind(self) -> Sequence[str]:
        """Returns what is not read, said or sent yet, in lines."""
        ends = await self.ends()
        unread = [(row, ends[TopicPartition(row["topic"], row["partition"])] - row["next"]) for row in await self.rows(STANDS)]
        return [f"  {row['service']} has {count} to read of {row['topic']} {row['partition']}" for row, count in unread if count > 0] + [
            f"  {row['waiting']} wait in {row['place']}" for row in await self.rows(LEFT) if row["waiting"]
        ]

    async def standing(self) -> str:
        """Returns the state of everything, in lines, to find out what never came."""
        asked = {
            "incidents": "SELECT component, status, revision, opened_at FROM monitor.incidents ORDER BY opened_at DESC LIMIT 3",
            "notifications": "SELECT incident_id, kind, status, reason, count(*) FROM notifier.notifications GROUP BY 1, 2, 3, 4",
            "due": "SELECT kind, count(*), min(ready_at), max(attempts) FROM notifier.due GROUP BY 1",
            "account": "SELECT sum(read) AS read, sum(counted) AS counted, sum(late) AS late FROM monitor.fold_accounts",
            "offsets": STANDS + " ORDER BY 1, 2, 3",
        }
        lines = [f"  {what}: {dict(row)}" for what, query in asked.items() for row in await self.rows(query)]
        return "\n".join([f"  mails: {len(self.sink.mails)}", *lines])

    async def in_flight(self) -> int:
        """Returns how many deliveries a worker is doing now."""
        [[count]] = await self.rows("SELECT count(*) FROM notifier.due WHERE kind <> 'follow_up' AND lease IS NOT NULL")
        return int(count)


@asynccontextmanager
async def running(kafka: Kafka, postgres: Postgres, sink: Sink, folder: Path, monitors: int = 1) -> AsyncIterator[Stack]:
    """Makes topics, roles and tables, and starts all services. Raises TimeoutError with the log of the one that is not."""
    config = shutil.copytree(ROOT / "deploy" / "config", folder / "config")
    _write_rules(config, Rules())
    _write_hook(config)
    own = {
        "FOREWARN_INIT_REPLICAS": str(monitors + 1),  # one that was killed may be seen for a moment beside the one that follows it
        "FOREWARN_CONFIG_DIR": str(config),
        "FOREWARN_SMTP_HOST": "127.0.0.1",
        "FOREWARN_SMTP_PORT": str(sink.port),
        "FOREWARN_MAIL_FROM": "support@example.com",
        "FOREWARN_LINK_SECRET": "seals-links-in-tests",
        **{f"FOREWARN_{role.upper()}_TOKEN": TOKEN.format(role=role) for role in ("producer", "agent", "operator")},
    }
    common = await prepared(kafka, postgres, DATABASE, folder, own)
    names = [f"monitor-{letter}" for letter in "abcd"[:monitors]] + [name for name in NAMES if name != "monitor"]
    members = {name: _member(name, common, folder) for name in names}
    async with started(*members.values()):
        for member in members.values():
            await _is_ready(member)
        yield Stack(kafka, postgres, sink, members, config)


async def _is_ready(member: Member) -> None:
    try:
        await within(STARTS_WITHIN, member.ready, f"{member.name} is ready")
    except TimeoutError as error:
        raise TimeoutError(f"{error}; its log ends:\n{member.tail()}") from None


def _write_rules(config: Path, what: Rules) -> None:
    """Writes the shipped rules, one on alerts, one that changes, and the extra one: the first again, for events of another type."""
    shipped = yaml.safe_load((ROOT / "deploy" / "config" / "rules.yml").read_text())
    first, uses = shipped["rules"][0], {"events": ["com.example.request"], "within": "15m"}
    rules = [
        *shipped["rules"],
        {"id": "alerts", "detector": "alert", "title": "{component} has trouble", "uses": uses},
        {**first, "id": "changing", "events": [f"com.example.reloaded-{what.reloads}"]},
        *([{**first, "id": "extra-failing", "events": [EXTRA_TYPE]}] if what.with_extra else []),
    ]
    fresh = config / "rules.yml.new"
    fresh.write_text(yaml.safe_dump({**shipped, "rules": rules}))
    fresh.replace(config / "rules.yml")


def _write_hook(config: Path) -> None:
    """Writes the hook that alerts come by, and its secret."""
    (config / "sources.yml").write_text(yaml.safe_dump({"hooks": [{"name": HOOK, "kind": "alertmanager", "secret": HOOK}]}))
    (config / "hooks").mkdir()
    (config / "hooks" / HOOK).write_text(HOOK_SECRET)


def _member(name: str, common: Mapping[str, str], folder: Path) -> Member:
    service = name.partition("-")[0]
    return Member(name, f"services.{service}", settings_of(service, common), folder / f"{name}.log")
