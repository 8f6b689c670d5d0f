"""Property: whatever channels a customer has, whatever servers answer and whenever notifier dies, the affected are told at one place,
nobody else is told anything, and an all-clear follows an alarm and nothing else."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import httpx2
import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from services.notifier.channels.breaker import Breaker
from services.notifier.channels.bulkhead import Bulkhead
from services.notifier.channels.chat.building import PROVIDERS
from services.notifier.channels.chat.channel import Chat
from services.notifier.channels.registry import Route
from services.notifier.delivering.beginning import LEASE
from services.notifier.lanes import LANES
from shared.events import Contact, Fact
from shared.postgres import Database, Tx
from shared.settings import Settings
from tests.builders import customer
from tests.flow.notifier_stage import CONFIG, MINUTE, SECOND, Stage, delivery_of, impact, opened, resolved, stage, still_failing
from tests.providers import slack
from tests.providers.slack import FakeSlack
from tests.smtp import Do

pytestmark = pytest.mark.asyncio

REFUSED, LATER = "550 5.1.1 no such user", "450 4.2.1 later"
ANSWERS: tuple[str | Do, ...] = (REFUSED, LATER, Do.DROP)
HAPPENINGS = ("told again", "another address first", "goes on")
EXAMPLES = 12


@dataclass(frozen=True)
class Example:
    """What hypothesis has drawn."""

    contacts: tuple[str, ...]  # of the customer who is told: slack, mail and office, the first counts first
    answers: dict[str, list[str | Do]]  # of the mail server, by contact
    archived: bool  # Slack refuses for good
    deaths: dict[int, bool]  # which transaction of a delivery is the last, and whether it is committed
    happens: tuple[str, ...]


examples_of = st.builds(
    Example,
    contacts=st.permutations(("slack", "mail", "office")).flatmap(lambda all_: st.integers(1, 3).map(lambda most: tuple(all_[:most]))),
    answers=st.fixed_dictionaries({each: st.lists(st.sampled_from(ANSWERS), max_size=2) for each in ("mail", "office")}),
    archived=st.booleans(),
    deaths=st.dictionaries(st.integers(1, 5), st.booleans(), max_size=2),
    happens=st.lists(st.sampled_from(HAPPENINGS), max_size=2).map(tuple),
)


class Mortal(Database):
    """A database whose client dies at some of its transactions: before they begin, or once they are committed."""

    def __init__(self, real: Database) -> None:
        self._real, self._begun, self.deaths = real, 0, dict[int, bool]()
        self.died = 0

    def doom(self, deaths: dict[int, bool]) -> None:
        self._begun, self.deaths, self.died = 0, deaths, 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        self._begun += 1
        committed = self.deaths.get(self._begun)
        if committed is False:
            self._die()
        async with self._real.transaction() as tx:
            yield tx
        if committed:
            self._die()

    def _die(self) -> None:
        self.died += 1
        raise asyncio.CancelledError


@dataclass
class World:
    """A notifier that can die, on Slack and a mail server."""

    on: Stage
    slack: FakeSlack
    mortal: Mortal
    examples: list[Example] = field(default_factory=list)
    meanwhile: list[Fact] = field(default_factory=list)  # what comes next while nobody is alive to tell anything

    async def alive(self, do: Callable[[], Awaitable[None]]) -> None:
        """Does something, with a new process whenever one died. What it held comes back when its leases end."""
        while True:
            try:
                await do()
            except asyncio.CancelledError:
                await self.on.consume(*self.meanwhile)
                self.meanwhile.clear()
                await self.on.clock.advance(LEASE + SECOND)
            else:
                return

    async def hear(self, *facts: Fact) -> None:
        self.on.topics.say(*facts)
        await self.alive(self.on.loop.settle)

    async def goes_on(self, minutes: int, incident_id: str) -> None:
        for _ in range(minutes // 5):
            await self.hear(still_failing(self.on.now, incident_id))
            await self.alive(lambda: self.on.loop.advance(5 * MINUTE))


@pytest.fixture
async def world(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[World]:
    said = yaml.safe_load((CONFIG / "notifications.yml").read_text()) | {"channels": ["slack", "email"]}
    (tmp_path / "notifications.yml").write_text(yaml.safe_dump(said))
    async with stage(fresh_database, own_config_dir=str(tmp_path)) as on:
        made = World(on, FakeSlack(), Mortal(on.service.database))
        chat = Chat(replace(PROVIDERS["slack"], every=0.0), (), httpx2.ASGITransport(made.slack))
        delivery = delivery_of(on.service)
        route = Route(chat, Breaker(delivery.policy.retries), Bulkhead(chat))
        mortal = replace(delivery, database=made.mortal, routes={**delivery.routes, "slack": route})
        on.service.due = {**on.service.due, **{lane: replace(on.service.due[lane], handle=mortal.deliver) for lane in LANES}}
        yield made


async def test_the_affected_are_told_at_one_place_and_nobody_else_and_an_all_clear_follows_an_alarm(world: World) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(examples_of)
    @example(Example(("mail", "office"), {"mail": [], "office": []}, archived=False, deaths={2: False}, happens=("another address first",)))
    def draw(drawn: Example) -> None:
        world.examples.append(drawn)

    draw()
    deaths = 0
    for number, drawn in enumerate(world.examples):
        await play(world, drawn, f"x{number}")
        deaths += world.mortal.died
    assert deaths >= EXAMPLES // 4, "it dies often enough for this to mean something"


async def play(world: World, drawn: Example, name: str) -> None:
    on, incident_id = world.on, f"i-{name}"
    told, other = f"{name}-told", f"{name}-other"
    addresses = {each: f"{name}-{each}@example.org" for each in ("mail", "office")}
    world.slack.posted.clear()
    world.slack.archived = drawn.archived
    for each, answers in drawn.answers.items():
        on.office.at_recipient[addresses[each]] = [answer for answer in answers if isinstance(answer, str)]
        on.office.at_end[addresses[each]] = [answer for answer in answers if not isinstance(answer, str)]
    others_first = known(told, drawn.contacts[::-1], addresses, at=on.now + SECOND)
    await world.hear(known(told, drawn.contacts, addresses, at=on.now), customer(other, at=on.now))
    world.mortal.doom(drawn.deaths)
    world.meanwhile = [others_first] if "another address first" in drawn.happens else []
    facts = [opened(on.now, incident_id), *(impact(on.now, told, incident_id=incident_id, chunk=chunk) for chunk in (0, 1))]
    await world.hear(*facts)
    for happening in drawn.happens:
        match happening:
            case "told again":
                await world.hear(*facts)
            case "another address first":
                await world.hear(others_first)
            case "goes on":
                await world.goes_on(5, incident_id)
    await world.goes_on(10, incident_id)
    await world.hear(resolved(on.now, incident_id, revision=int(on.now.timestamp())))
    await world.alive(lambda: on.loop.advance(10 * MINUTE))
    judge(world, drawn, addresses, other)


def known(customer_id: str, contacts: Sequence[str], addresses: dict[str, str], at: datetime) -> Fact:
    """Returns the customer with these contacts, of which the first mail address is the owner's."""
    owner = next((each for each in contacts if each != "slack"), "")
    mails = {
        name: Contact(channel="email", address=address, role="owner" if name == owner else "technical")
        for name, address in addresses.items()
    }
    ways = {"slack": Contact(channel="slack", address=slack.URL), **mails}
    return customer(customer_id, at=at, contacts=tuple(ways[each] for each in contacts))


def judge(world: World, drawn: Example, addresses: dict[str, str], other: str) -> None:
    came = {each: world.on.office.to(address) for each, address in addresses.items()}
    alarms, ends = Counter[str](), Counter[str]()
    for place, mails in came.items():
        alarms[place] += sum(mail["X-Forewarn-Kind"] == "opened" for mail in mails)
        ends[place] += sum(mail["X-Forewarn-Kind"] == "resolved" for mail in mails)
    alarms["slack"] += sum("All clear" not in str(each) for each in world.slack.posted)
    ends["slack"] += sum("All clear" in str(each) for each in world.slack.posted)
    drops = sum(answer is Do.DROP for answers in drawn.answers.values() for answer in answers)
    for kind, counts in (("opened", alarms), ("resolved", ends)):
        assert len(+counts) <= 1, (drawn, kind, counts, "told at two places")
        assert counts.total() <= 1 + drops + world.mortal.died, (drawn, kind, counts)
        ids = {str(mail["Message-ID"]) for mails in came.values() for mail in mails if mail["X-Forewarn-Kind"] == kind}
        assert len(ids) <= 1, (drawn, kind, ids)
    assert bool(ends.total()) == bool(alarms.total()), (drawn, alarms, ends)
    assert world.on.office.to(f"{other}@example.org") == []
