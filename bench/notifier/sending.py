"""Both ways of handing mails over: each opens its connections, and returns what is to be timed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from aiosmtplib import SMTP

from bench.notifier.mails import SHOP
from services.notifier.channels.breaker import Breaker
from services.notifier.channels.email.channel import Email
from services.notifier.channels.email.connections import Connections
from services.notifier.channels.email.mail import compose
from services.notifier.channels.email.relays import Outlet
from services.notifier.channels.outcome import Delivered, Rendered
from services.notifier.deciding.policy import Retries

CONNECTIONS = 12  # as many as notifier has mails of one lane under way
HOST, NAME = "127.0.0.1", "bench.example"

Work = Callable[[], Awaitable[None]]


async def bare(port: int, messages: Sequence[Rendered]) -> Work:
    """Sends mails that are ready over connections that are open."""
    ready = iter([(message.address, compose(message, SHOP)) for message in messages])
    clients = [SMTP(hostname=HOST, port=port, local_hostname=NAME, use_tls=False, start_tls=False) for _ in range(CONNECTIONS)]
    for client in clients:
        await client.connect()
        await client.ehlo()

    async def send(client: SMTP) -> None:
        for address, raw in ready:
            await client.mail(SHOP.address)
            await client.rcpt(address)
            await client.data(raw)
        await client.quit()

    async def work() -> None:
        await asyncio.gather(*map(send, clients))

    return work


async def ours(port: int, messages: Sequence[Rendered]) -> Work:
    """Gives the messages to the channel, so many together, from as many tasks as there are connections."""
    connections = Connections(HOST, port, own_name=NAME)
    channel = Email([Outlet(NAME, connections, Breaker(Retries()))], SHOP)
    left = (messages[at : at + channel.together] for at in range(0, len(messages), channel.together))
    for wire in [await connections.take() for _ in range(CONNECTIONS)]:
        connections.give_back(wire)

    async def send() -> None:
        for some in left:
            if strays := [each for each in await channel.send(some) if not isinstance(each, Delivered)]:
                raise RuntimeError(f"mails were not taken: {strays}")

    async def work() -> None:
        keeping = asyncio.create_task(channel.run())
        await asyncio.gather(*(send() for _ in range(CONNECTIONS)))
        keeping.cancel()
        await asyncio.wait([keeping])

    return work
