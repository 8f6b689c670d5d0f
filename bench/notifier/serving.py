"""What the rooms' servers share: each is a process that says two ports, of itself and of what it has seen, and serves until it is ended."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def serve(protocol: Callable[[], asyncio.Protocol], answer: Answer) -> None:
    """Serves `protocol` on one port, and on the other what `answer` writes to whoever asks; returns at SIGTERM."""
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    server = await loop.create_server(protocol, "127.0.0.1", 0)
    asking = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(f"listening on {server.sockets[0].getsockname()[1]}", flush=True)
    print(f"asked on {asking.sockets[0].getsockname()[1]}", flush=True)
    await ended.wait()
