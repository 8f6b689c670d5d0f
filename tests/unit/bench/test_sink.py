"""The SMTP server of the benchmark takes what the channel and a client that pipelines hand it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bench.notifier.mails import mails
from bench.notifier.sending import HOST, bare, ours
from bench.notifier.sink import Book, Sink

WITHIN = 10  # seconds


@pytest.fixture
async def port() -> AsyncIterator[int]:
    server = await asyncio.get_running_loop().create_server(lambda: Sink(Book()), HOST, 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


async def test_both_ways_hand_over_all_mails(port: int) -> None:
    for way in (bare, ours):
        work = await way(port, mails(30))
        await asyncio.wait_for(work(), WITHIN)  # a mail that is not taken raises


async def test_commands_that_come_at_once_are_answered_in_order_and_a_mail_ends_at_a_lone_dot(port: int) -> None:
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n")
    writer.write(b"Subject: x\r\n\r\n..\r\nRSET\r\nDATA\r\n.\r\nQUIT\r\n")
    answers = (await asyncio.wait_for(reader.read(), WITHIN)).split(b"\r\n")
    assert [answer[:3] for answer in answers] == [b"220", b"250", b"250", b"354", b"250", b"221", b""]
    writer.close()
    await writer.wait_closed()
