"""An incident that touches 100,000 customers: how fast it is written down whom to tell, and how fast they are told.

Writing down is measured while the mail server is silent, so that nothing is sent meanwhile. The bare loop beside it sends mails that are
ready over as many connections to the same server, which is a process of its own; it decides nothing, and remembers nothing.
"""

import asyncio

from bench.notifier.mails import mails
from bench.notifier.sending import bare
from bench.notifier.stage import black_hole, entered, fill, impacts, notifier, now, office, opened, reached, say
from bench.servers import Servers

COUNTED = 0.9  # of the mails: the first ones come while it starts


async def measure(of: Servers, customers: int) -> dict[str, object]:
    """Returns planned_per_s, delivered_per_s, bare_per_s and their ratio. Raises AssertionError when anybody is told twice, or not."""
    await fill(of, "customers", "c-", customers)
    at = now()
    say(of, [opened("storm", at), *impacts("storm", at, [f"c-{number}" for number in range(customers)])])
    planned = await _planned(of, customers)
    print(f"notifier: {planned:,.0f} notifications/s written down", flush=True)
    async with office(of.folder, "storm") as sink:
        alone = await _alone(sink.port, customers // 5)
        print(f"notifier: a bare loop {alone:,.0f} mails/s", flush=True)
        before = await sink.count()
        async with notifier(of, sink.settings):
            first = before + round(customers * (1 - COUNTED))
            began, ended = await reached(sink.count, first), await reached(sink.count, before + customers)
        said = await sink.look("c-")
    assert (said["count"], len(dict(said["first"]))) == (before + customers, customers), "each customer has one mail"  # type: ignore[call-overload]
    delivered = customers * COUNTED / (ended - began)
    print(f"notifier: {delivered:,.0f} mails/s decided, sent and settled", flush=True)
    return {
        "planned_per_s": round(planned),
        "delivered_per_s": round(delivered),
        "bare_per_s": round(alone),
        "ratio": round(delivered / alone, 2),
    }


async def _planned(of: Servers, customers: int) -> float:
    """Returns how many notifications a second are written down."""
    connection = await of.connect()
    try:
        count = await entered(connection)
        async with black_hole() as settings, notifier(of, settings):
            began, first = await reached(count, 1), await count()
            return (customers - first) / (await reached(count, customers) - began)
    finally:
        await connection.close()


async def _alone(port: int, count: int) -> float:
    """Returns how many mails a second the bare loop hands over."""
    work, loop = await bare(port, mails(count)), asyncio.get_running_loop()
    began = loop.time()
    await work()
    return count / (loop.time() - began)
