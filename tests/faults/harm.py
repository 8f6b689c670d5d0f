"""Harms are done to a running stack: a random fault at a random moment of a round, and how long until all is well again."""

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from tests.faults.episodes import EPISODES, Added
from tests.faults.load import Load
from tests.faults.members import Member
from tests.faults.rebuilding import rebuild, rebuild_killed_in_the_middle
from tests.faults.site import within
from tests.faults.stack import Stack

FROZEN_S = 15.0
RECOVERS_WITHIN = 180.0  # seconds; longer is not slow but stuck


@dataclass(frozen=True)
class Harm:
    """One fault: `act` does it and returns when what was harmed is back, with what it added to the load."""

    what: str
    act: Callable[[Stack], Awaitable[Added]]


@dataclass(frozen=True)
class Moment:
    """The moment of a harm: so many seconds into the load, or when so many mails of a kind have come."""

    seconds: float = 0.0
    kind: str = ""
    mails: int = 0

    def __str__(self) -> str:
        return f"at {self.kind} mail {self.mails}" if self.kind else f"after {self.seconds:.1f} s"

    async def comes(self, stack: Stack) -> None:
        """Returns at that moment; mails are counted from now on."""
        if not self.kind:
            await asyncio.sleep(self.seconds)
            return
        before = len(stack.sink.mails)
        await stack.sink.until(lambda: sum(mail.kind == self.kind for mail in stack.sink.mails[before:]) >= self.mails)


def harms(stack: Stack, dice: random.Random, only: str = "") -> Iterator[Harm]:
    """Yields faults for ever: every kind of fault (those whose name has the words) in a random order, then again."""
    every = [Harm(f"kill -9 {name}", _killing(member)) for name, member in stack.members.items()]
    every += [Harm(f"freeze {name} for {FROZEN_S:.0f} s", _freezing(member)) for name, member in stack.members.items()]
    every += [
        Harm("stop and start the broker", lambda stack: _restart(stack.kafka.stop, stack.kafka.start)),
        Harm("kill -9 the broker", lambda stack: _restart(stack.kafka.kill, stack.kafka.start)),
        Harm("stop and start the database", lambda stack: _restart(stack.postgres.stop, stack.postgres.start)),
        Harm("kill -9 the database", lambda stack: _restart(stack.postgres.kill, stack.postgres.start)),
    ]
    every += [
        Harm("rebuild the console's tables", rebuild),
        Harm("rebuild the console's tables, killed and run again", rebuild_killed_in_the_middle),
    ]
    every += [Harm(what, act) for what, act in EPISODES.items()]
    every = [each for each in every if only in each.what]
    while True:
        yield from dice.sample(every, len(every))


def moment(dice: random.Random, load: Load) -> Moment:
    """Returns a random one: while the load is played, or in the middle of the mails that tell or of those that give the all-clear."""
    if dice.random() < 0.5:
        return Moment(seconds=dice.uniform(0.5, load.trouble[-1].offset))
    return Moment(kind=dice.choice(("opened", "resolved")), mails=dice.randint(1, len(load.victims)))


async def recovered(stack: Stack) -> None:
    """Returns when every process is ready and everything said by now is worked off. Raises TimeoutError."""
    ends = await stack.ends()

    async def well() -> bool:
        return await stack.passed(ends) and await stack.ready()

    try:
        await within(RECOVERS_WITHIN, well, "recovered")
    except TimeoutError as error:
        raise TimeoutError(f"{error}\n{await stack.standing()}") from None


def _killing(member: Member) -> Callable[[Stack], Awaitable[Added]]:
    async def kill(_: Stack) -> Added:
        await member.kill()
        await member.start()
        return Added()

    return kill


def _freezing(member: Member) -> Callable[[Stack], Awaitable[Added]]:
    async def freeze(_: Stack) -> Added:
        member.send(signal.SIGSTOP)
        try:
            await asyncio.sleep(FROZEN_S)
        finally:
            member.send(signal.SIGCONT)
        return Added()

    return freeze


async def _restart(stop: Callable[[], Awaitable[None]], start: Callable[[], Awaitable[None]]) -> Added:
    await stop()
    await start()
    return Added()
