"""A channel runs until it is cancelled: what runs in the background of a service and returns ends the service."""

import asyncio
from unittest.mock import Mock

import pytest

from services.notifier.channels.apprise import Apprise
from services.notifier.channels.chat.building import build as chat
from services.notifier.channels.outcome import Channel
from services.notifier.channels.webhook.channel import Webhook
from tests.unit.notifier.builders import POLICY

CHANNELS = [Apprise(), Webhook(Mock(), Mock()), *(chat(name, hosts=POLICY.chat_hosts) for name in ("slack", "teams", "discord"))]


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
async def test_it_runs_until_it_is_cancelled(channel: Channel) -> None:
    running = asyncio.create_task(channel.run())
    for _ in range(5):
        await asyncio.sleep(0)
    assert not running.done()
    running.cancel()
    await asyncio.wait([running])
