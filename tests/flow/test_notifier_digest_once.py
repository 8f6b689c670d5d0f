"""Property: in digests, too, whatever fails and whenever notifier dies, each thing is told in one message, and an end follows an alarm."""

import re
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.notifier.lanes import LANES
from shared.settings import Settings
from tests.builders import customer
from tests.flow.notifier_stage import MINUTE, delivery_of, impact, opened, resolved, updated
from tests.flow.test_notifier_once import LATER, REFUSED, Mortal, World
from tests.flow.test_notifier_quiet import notifier
from tests.providers.slack import FakeSlack
from tests.smtp import Do

pytestmark = pytest.mark.asyncio

EXAMPLES = 12
LAST = 2**31 - 1
DIGEST = ("# digest: ", "digest: {within: 10m, most: 3}\n# digest: ")
CAP = ("  count: 3\n", "  count: 100\n")
ALARM = re.compile(r"requests to (part-\d+) have failed since")
END = re.compile(r"trouble with (part-\d+) that began at \S+ \S+ is over")


@dataclass(frozen=True)
class Example:
    """What hypothesis has drawn."""

    begins: tuple[int, ...]  # the minutes at which incidents begin, in turn
    lasts: tuple[int, ...]  # how many minutes each goes on
    answers: tuple[str | Do, ...]  # of the mail server
    deaths: dict[int, bool]  # which transaction of a delivery is the last, and whether it is committed


examples_of = st.integers(2, 5).flatmap(
    lambda many: st.builds(
        Example,
        begins=st.tuples(*[st.integers(0, 8)] * many),
        lasts=st.tuples(*[st.integers(3, 30)] * many),
        answers=st.lists(st.sampled_from((LATER, Do.DROP, REFUSED)), max_size=3).map(tuple),
        deaths=st.dictionaries(st.integers(1, 12), st.booleans(), max_size=3),
    )
)


@pytest.fixture
async def world(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[World]:
    async with notifier(fresh_database, tmp_path, DIGEST, CAP) as on:
        made = World(on, FakeSlack(), Mortal(on.service.database))
        mortal = replace(delivery_of(on.service), database=made.mortal)
        on.service.due = {kind: replace(work, handle=mortal.deliver) if kind in LANES else work for kind, work in on.service.due.items()}
        yield made


async def test_each_thing_is_told_in_one_message_and_an_end_follows_an_alarm(world: World) -> None:
    drawn: list[Example] = []

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(examples_of)
    def draw(example: Example) -> None:
        drawn.append(example)

    draw()
    died = together = 0
    for number, example in enumerate(drawn):
        together += await play(world, example, number * 10)
        died += world.mortal.died
    assert died >= EXAMPLES // 4, "it dies often enough for this to mean something"
    assert together >= EXAMPLES, "and enough is told together"


async def play(world: World, drawn: Example, first: int) -> int:
    """Returns how many things were told in a message with others."""
    on, who = world.on, f"c-{first}"
    address = f"{who}@example.org"
    await world.hear(customer(who, at=on.now))
    on.office.at_recipient[address] = [each for each in drawn.answers if isinstance(each, str)]
    on.office.at_end[address] = [each for each in drawn.answers if not isinstance(each, str)]
    world.mortal.doom(drawn.deaths)
    for minute in range(60):
        for number, (begins, lasts) in enumerate(zip(drawn.begins, drawn.lasts, strict=True), first):
            about: dict[str, Any] = {"incident_id": f"i-{number}", "component": f"part-{number}"}
            if minute == begins:
                await world.hear(opened(on.now, **about), impact(on.now, who, incident_id=f"i-{number}"))
            elif minute == begins + lasts:
                await world.hear(resolved(on.now, **about, revision=LAST))
            elif begins < minute < begins + lasts:
                await world.hear(updated(on.now, **about, revision=minute))
        await world.alive(lambda: on.loop.advance(MINUTE))
    return await judge(world, drawn, first, address)


async def judge(world: World, drawn: Example, first: int, address: str) -> int:
    tells: dict[tuple[str, str], set[str]] = defaultdict(set)  # the messages, by their ids, that tell each thing
    together = 0
    for mail in world.on.office.to(address):
        words = mail.get_body(("plain",))
        assert words is not None
        said = {(kind, part) for kind, found in (("alarm", ALARM), ("end", END)) for part in found.findall(words.get_content())}
        assert said, words.get_content()
        together += len(said) * (len(said) > 1)
        for each in said:
            tells[each].add(str(mail["Message-ID"]))
    assert all(len(ids) == 1 for ids in tells.values()), (drawn, tells)
    parts = {f"part-{first + number}" for number in range(len(drawn.begins))}
    assert {part for _, part in tells} <= parts
    # of what goes on for long everybody is told, unless the address is refused; and who was told hears of the end
    if REFUSED not in drawn.answers:
        long = {f"part-{first + number}" for number, lasts in enumerate(drawn.lasts) if lasts > 25}
        assert long <= {part for kind, part in tells if kind == "alarm"}, (drawn, tells)
        assert {part for kind, part in tells if kind == "alarm"} == {part for kind, part in tells if kind == "end"}, (drawn, tells)
    waiting = await world.on.rows("SELECT 1 FROM notifications WHERE status = 'waiting'")
    assert waiting == [], drawn
    return together
