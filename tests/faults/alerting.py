"""Alerts and changed rules beside a round's load: what another system finds, and what an operator changes, while something else is broken.

Two Alertmanagers of one cluster post each group, each to a replica of its own, and again until it is accepted. The component's
customers are told once that it may affect them, and once that it is over.
"""

import asyncio
import json
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle

import httpx2 as httpx
from aiokafka import ConsumerRecord

from services.monitor.aggregates.alerts import ALERT_REPORTED
from services.monitor.hearing.rekeying import CAME_FROM
from services.monitor.rules.file import RulesFile
from services.monitor.rules.versions import version_of
from shared.configuration.files import load as read_config
from shared.events import Topic
from tests.e2e.shop import Shop
from tests.faults.members import Member
from tests.faults.shopping import addresses, shop_of
from tests.faults.site import within
from tests.faults.stack import HOOK, HOOK_SECRET, TOKEN, Stack
from tests.topics import everything_in

ALERTS = ("HighErrorRate", "LatencyHigh")
SENDERS = 2  # Alertmanagers of the cluster
ACCEPTED_WITHIN, TOLD_WITHIN, READ_WITHIN = 120.0, 180.0, 120.0  # seconds
NEVER = "0001-01-01T00:00:00Z"  # the end of an alert that fires

INCIDENTS = "SELECT id, status FROM monitor.incidents WHERE rule = 'alerts' AND component = $1"


@dataclass(frozen=True)
class Alerting:
    """One component, whose alerts fire and end."""

    stack: Stack
    shop: Shop
    began: datetime
    ended: dict[str, datetime] = field(default_factory=dict)  # when each alert did

    @property
    def component(self) -> str:
        return f"alerted-{self.shop.name}"

    @property
    def victims(self) -> frozenset[str]:
        """Returns the addresses of those who used the component."""
        return addresses(self.shop)

    async def play(self, after: float) -> None:
        """Has the alerts fire after so many seconds, and end one by one. Raises TimeoutError when one is not accepted, or not told."""
        await asyncio.sleep(after)
        await self._post()
        await self.shop.told("opened", self.shop.customers, seconds=TOLD_WITHIN)
        for name in ALERTS:
            self.ended[name] = datetime.now(UTC)
            await self._post()
        await self.shop.told("resolved", self.shop.customers, seconds=TOLD_WITHIN)

    async def _post(self) -> None:
        """Posts the whole group, as each of its alerts stands."""
        body = json.dumps({"version": "4", "alerts": [self._alert(name) for name in ALERTS]}).encode()
        monitors = cycle(_monitors(self.stack))
        await asyncio.gather(*(_accepted(next(monitors), body) for _ in range(SENDERS)))

    def _alert(self, name: str) -> dict[str, object]:
        ended = self.ended.get(name)
        return {
            "status": "resolved" if ended else "firing",
            "labels": {"alertname": name, "component": self.component},
            "startsAt": self.began.isoformat(),
            "endsAt": ended.isoformat() if ended else NEVER,
            "fingerprint": f"{name}-{self.component}",
        }

    async def troubles(self) -> list[str]:
        """Returns what is not as it must be, in sentences: one incident, that is over, and one fact of each kind about its life."""
        rows = await self.stack.rows(INCIDENTS, self.component)
        if [row["status"] for row in rows] != ["resolved"]:
            return [f"the alerts of {self.component} made these incidents: {[dict(row) for row in rows]}"]
        said = lives(await everything_in(Topic.INCIDENTS, self.stack.kafka.bootstrap), rows[0]["id"])
        once = {"opened": 1, "resolved": 1}
        return [] if said == once else [f"of the incident of {self.component} it was said {dict(said)} instead of {once}"]


@asynccontextmanager
async def alerting(stack: Stack) -> AsyncIterator[Alerting]:
    """Yields a component that customers have used, while the context lasts."""
    async with shop_of(stack, "alerted") as shop:
        it = Alerting(stack, shop, datetime.now(UTC).replace(microsecond=0))
        await shop.work(it.component)
        yield it


def lives(records: Iterable[ConsumerRecord], incident: str) -> Counter[str]:
    """Returns how many facts there are of each kind about the incident's opening and ends. One that was published again is the same."""
    facts = {fact["id"]: fact["type"] for fact in _read(records) if fact["subject"] == incident}
    kinds = (type_.removeprefix("forewarn.incident.").removesuffix(".v1") for type_ in facts.values())
    return Counter(kind for kind in kinds if kind not in ("impact", "updated"))


def alerts_in(records: Iterable[ConsumerRecord]) -> int:
    """Returns how many of these product events say an alert. Those that monitor forwarded are said once."""
    came = (record for record in records if all(name != CAME_FROM for name, _ in record.headers))
    alerts = (record for record in came if ALERT_REPORTED.encode() in (record.value or b""))
    return sum(event["type"] == ALERT_REPORTED for event in _read(alerts))


def _read(records: Iterable[ConsumerRecord]) -> Iterator[dict[str, str]]:
    for record in records:
        try:
            event = json.loads(record.value or b"")
        except ValueError:
            continue
        if isinstance(event, dict) and "type" in event:
            yield event


async def _accepted(member: Member, body: bytes) -> None:
    """Posts until it is accepted, as Alertmanager does."""
    headers = {"Authorization": f"Bearer {HOOK_SECRET}", "Content-Type": "application/json"}
    await _until_accepted(member, lambda http: http.post(f"{member.url}/v1/hooks/{HOOK}", content=body, headers=headers))


async def _until_accepted(member: Member, ask: Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]) -> None:
    async def accepted() -> bool:
        async with httpx.AsyncClient(timeout=5) as http:
            try:
                answer = await ask(http)
            except httpx.TransportError:
                return False
        assert answer.status_code in (202, 429, 503), f"{member.name} answered {answer.status_code}: {answer.text}"
        return answer.status_code == 202

    await within(ACCEPTED_WITHIN, accepted, f"{member.name} accepts what it is asked")


# ── rules that change ────────────────────────────────────────────────────────────────────────


async def reload_rules(stack: Stack, after: float, *, by_signal: bool) -> None:
    """Changes a rule that judges nothing of the load, after so many seconds, and has all monitors read the file anew: by SIGHUP or REST."""
    await asyncio.sleep(after)
    stack.write_rules(reloads=stack.rules.reloads + 1)
    if by_signal:
        for member in _monitors(stack):
            await within(READ_WITHIN, member.ready, f"{member.name} is ready for SIGHUP")
            member.send(signal.SIGHUP)
        return
    headers = {"Authorization": f"Bearer {TOKEN.format(role='operator')}"}
    member = _monitors(stack)[0]
    await _until_accepted(member, lambda http: http.post(f"{member.url}/v1/rules/reload", headers=headers))


async def rules_in_force(stack: Stack) -> list[str]:
    """Returns which monitor does not judge by the file as it is, after a while, in sentences."""
    wanted = version_of(read_config(stack.config / "rules.yml", RulesFile))
    headers = {"Authorization": f"Bearer {TOKEN.format(role='agent')}"}
    found = []
    for member in _monitors(stack):

        async def judges(url: str = f"{member.url}/v1/rules") -> bool:
            async with httpx.AsyncClient(timeout=5) as http:
                version: str = (await http.get(url, headers=headers)).json()["version"]
            return version == wanted

        try:
            await within(READ_WITHIN, judges, "the rules are read")
        except TimeoutError:
            found.append(f"{member.name} does not judge by rules {wanted}")
    return found


def _monitors(stack: Stack) -> list[Member]:
    return [member for name, member in stack.members.items() if name.startswith("monitor")]
