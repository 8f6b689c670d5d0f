"""Trouble of other kinds beside a round's load: a component that dies, a monitor that was away, a rule that goes, a flood of bad records.

Each has a product and customers of its own, and says what it added, so that the account of everything still balances.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.events import Topic
from tests.faults.shopping import CUSTOMERS, addresses, shop_of
from tests.faults.site import within
from tests.faults.stack import EXTRA_TYPE, Stack

SILENT_S = 40.0  # a window and the calm of `checkout-failing` are 25 s
FLOOD = 5_000
AWAY = timedelta(minutes=10)  # of event time


@dataclass(frozen=True)
class Added:
    """The load that an episode added to the round's."""

    produced: int = 0  # product events, good or not
    dead: int = 0  # of them: records that do not decode
    victims: frozenset[str] = frozenset()  # addresses of those who must be told


async def component_dies(stack: Stack) -> Added:
    """Has a component fail and then fall silent, while others speak: no all-clear before it works again, and one for each then."""
    async with shop_of(stack, "dies") as shop:
        await shop.fail(f"checkout-{shop.name}")
        await shop.told("opened", CUSTOMERS, seconds=60)
        await shop.serve(f"search-{shop.name}", a_second=5, seconds=SILENT_S)
        assert not await shop.mails("resolved"), "an all-clear for a component that is dead"
        await shop.serve(f"checkout-{shop.name}", a_second=10, seconds=SILENT_S)
        await shop.told("resolved", CUSTOMERS, seconds=60)
        return Added(shop.emitted, victims=addresses(shop))


async def monitor_was_away(stack: Stack) -> Added:
    """Has monitors that were away read trouble of ten minutes ago: what goes on is told, and what is over is not."""
    async with shop_of(stack, "over") as over, shop_of(stack, "lasts") as lasts:
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
        return Added(over.emitted + lasts.emitted, victims=addresses(lasts))


async def rule_is_removed(stack: Stack) -> Added:
    """Takes the rule of an open incident out of the file: who was told gets an end in other words than "it works again"."""
    async with shop_of(stack, "gone") as shop:
        await shop.fail(f"checkout-{shop.name}", type_=EXTRA_TYPE)
        await shop.told("opened", CUSTOMERS, seconds=60)
        await stack.change_rules(with_extra=False)
        try:
            await shop.told("withdrawn", CUSTOMERS, seconds=90)
            assert not await shop.mails("resolved"), "an all-clear for an incident that nobody judges"
        finally:
            await stack.change_rules(with_extra=True)
        return Added(shop.emitted, victims=addresses(shop))


async def bad_records_flood(stack: Stack) -> Added:
    """Sends thousands of records that are no events, with an outage among them: they are put aside, and the outage is told."""
    async with shop_of(stack, "flood") as shop:
        values = [json.dumps({"order": number}).encode() for number in range(FLOOD)]
        sent = [await shop.kafka.send(Topic.PRODUCT_EVENTS, value, key=value) for value in values[: FLOOD // 2]]
        await shop.fail(f"checkout-{shop.name}")
        sent += [await shop.kafka.send(Topic.PRODUCT_EVENTS, value, key=value) for value in values[FLOOD // 2 :]]
        await asyncio.gather(*sent)
        await shop.told("opened", CUSTOMERS, seconds=60)
        await shop.serve(f"checkout-{shop.name}", a_second=10, seconds=SILENT_S)
        await shop.told("resolved", CUSTOMERS, seconds=60)
        return Added(shop.emitted + FLOOD, dead=FLOOD, victims=addresses(shop))


EPISODES: dict[str, Callable[[Stack], Awaitable[Added]]] = {
    "a component dies": component_dies,
    "monitors are away for ten minutes of event time": monitor_was_away,
    "the rule of an open incident is removed": rule_is_removed,
    f"{FLOOD} records that do not decode": bad_records_flood,
}
