"""`python -m bench.notifier.sink` runs an SMTP server that takes every mail at once and keeps none. It says its port."""

import asyncio
import signal

ANSWERS = {
    b"EHLO": b"250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 bye\r\n",
}
END = b"\r\n.\r\n"


class Sink(asyncio.Protocol):
    """One connection. What comes at once, pipelined commands too, is answered in order."""

    def __init__(self) -> None:
        self._heard, self._in_data = bytearray(), False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink.example ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._heard += data
        while (end := self._heard.find(END if self._in_data else b"\r\n")) >= 0:
            said = bytes(self._heard[:end])
            del self._heard[: end + (len(END) if self._in_data else 2)]
            self._answer(b"" if self._in_data else said[:4].upper())

    def _answer(self, command: bytes) -> None:
        self._in_data = command == b"DATA"
        self._transport.write(ANSWERS.get(command, b"250 2.0.0 ok\r\n"))
        if command == b"QUIT":
            self._transport.close()


async def main() -> None:
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    server = await loop.create_server(Sink, "127.0.0.1", 0)
    print(f"listening on {server.sockets[0].getsockname()[1]}", flush=True)
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(main())
