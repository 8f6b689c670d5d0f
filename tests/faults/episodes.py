"""Trouble of other kinds beside a round's load: a component that dies, a monitor that was away, a rule that goes, a flood of bad records.

Each has a product and customers of its own, and says what it added, so that the account of everything still balances.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

from deploy.local.mailbox import Mail
from deploy.simulator.product import address
from shared.events import Topic
from tests.e2e.shop import Reached, Shop
from tests.faults.sink import Sink
from tests.faults.site import within
from tests.faults.stack import EXTRA_TYPE, TOKEN, Stack

CUSTOMERS = 20
SILENT_S = 40.0  # a window and the calm of `checkout-failing` are 25 s
FLOOD = 5_000
AWAY = timedelta(minutes=10)  # of event time

_numbers: Iterator[int] = count(1)


@dataclass(frozen=True)
class Added:
    """The load that an episode added to the round's."""

    produced: int = 0  # product events, good or not
    dead: int = 0  # of them: records that do not decode
    victims: frozenset[str] = frozenset()  # addresses of those who must be told


@dataclass(frozen=True)
class _Box:
    """The sink as a shop reads its mails."""

    sink: Sink

    async def mails(self) -> Sequence[Mail]:
        return [Mail(mail.to, mail.about, mail.message_id, datetime.now(UTC), kind=mail.kind) for mail in self.sink.mails]


def _shop(stack: Stack, kind: str) -> AbstractAsyncContextManager[Shop]:
    urls = {name.partition("-")[0]: f"http://127.0.0.1:{member.port}" for name, member in stack.members.items()}
    tokens = {role: TOKEN.format(role=role) for role in ("producer", "agent", "operator")}
    return Shop(Reached(stack.kafka.bootstrap, urls, tokens, _Box(stack.sink)), f"{kind}{next(_numbers)}", CUSTOMERS)


async def component_dies(stack: Stack) -> Added:
    """Has a component fail and then fall silent, while others speak: no all-clear before it works again, and one for each then."""
    async with _shop(stack, "dies") as shop:
        await shop.fail(f"checkout-{shop.name}")
        await shop.told("opened", CUSTOMERS, seconds=60)
        await shop.serve(f"search-{shop.name}", a_second=5, seconds=SILENT_S)
        assert not await shop.mails("resolved"), "an all-clear for a component that is dead"
        await shop.serve(f"checkout-{shop.name}", a_second=10, seconds=SILENT_S)
        await shop.told("resolved", CUSTOMERS, seconds=60)
        return Added(shop.emitted, victims=_addresses(shop))


async def monitor_was_away(stack: Stack) -> Added:
    """Has monitors that were away read trouble of ten minutes ago: what goes on is told, and what is over is not."""
    async with _shop(stack, "over") as over, _shop(stack, "lasts") as lasts:
        monitors = [member for name, member in stack.members.items() if name.startswith("monitor")]
        await asyncio.gather(*(member.terminate() for member in monitors))
        began = datetime.now(UTC) - AWAY
        await over.fail(f"checkout-{over.name}", since=began)
        for seconds in range(30, 90, 5):
            await over.work(f"checkout-{over.name}", since=began + timedelta(seconds=seconds))
        for minute in range(int(AWAY.total_seconds()) // 60):
            await lasts.fail(f"checkout-{lasts.name}", since=began + timedelta(minutes=minute))
        await lasts.fail(f"checkout-{lasts.name}")
        await asyncio.gather(*(member.start() for member in monitors))
        await lasts.told("opened", CUSTOMERS, seconds=90)
        ends = await stack.ends()
        await within(60, lambda: stack.passed(ends), "monitors have caught up")
        assert not await over.mails("opened"), "told of trouble that was over"
        await lasts.serve(f"checkout-{lasts.name}", a_second=10, seconds=SILENT_S)
        await lasts.told("resolved", CUSTOMERS, seconds=60)
        return Added(over.emitted + lasts.emitted, victims=_addresses(lasts))


async def rule_is_removed(stack: Stack) -> Added:
    """Takes the rule of an open incident out of the file: who was told gets an end in other words than "it works again"."""
    async with _shop(stack, "gone") as shop:
        await shop.fail(f"checkout-{shop.name}", type_=EXTRA_TYPE)
        await shop.told("opened", CUSTOMERS, seconds=60)
        await stack.change_rules(with_extra=False)
        try:
            await shop.told("withdrawn", CUSTOMERS, seconds=90)
            assert not await shop.mails("resolved"), "an all-clear for an incident that nobody judges"
        finally:
            await stack.change_rules(with_extra=True)
        return Added(shop.emitted, victims=_addresses(shop))


async def bad_records_flood(stack: Stack) -> Added:
    """Sends thousands of records that are no events, with an outage among them: they are put aside, and the outage is told."""
    async with _shop(stack, "flood") as shop:
        values = [json.dumps({"order": number}).encode() for number in range(FLOOD)]
        sent = [await shop.kafka.send(Topic.PRODUCT_EVENTS, value, key=value) for value in values[: FLOOD // 2]]
        await shop.fail(f"checkout-{shop.name}")
        sent += [await shop.kafka.send(Topic.PRODUCT_EVENTS, value, key=value) for value in values[FLOOD // 2 :]]
        await asyncio.gather(*sent)
        await shop.told("opened", CUSTOMERS, seconds=60)
        await shop.serve(f"checkout-{shop.name}", a_second=10, seconds=SILENT_S)
        await shop.told("resolved", CUSTOMERS, seconds=60)
        return Added(shop.emitted + FLOOD, dead=FLOOD, victims=_addresses(shop))


def _addresses(shop: Shop) -> frozenset[str]:
    return frozenset(address(customer) for customer in shop.everybody)


EPISODES: dict[str, Callable[[Stack], Awaitable[Added]]] = {
    "a component dies": component_dies,
    "monitors are away for ten minutes of event time": monitor_was_away,
    "the rule of an open incident is removed": rule_is_removed,
    f"{FLOOD} records that do not decode": bad_records_flood,
}
