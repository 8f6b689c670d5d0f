"""Builds the chat channels. They need no login: whoever has an address may post to it."""

import httpx2

from services.notifier.channels.chat.channel import Chat
from services.notifier.channels.chat.discord import DISCORD
from services.notifier.channels.chat.hosts import ChatHosts
from services.notifier.channels.chat.slack import SLACK
from services.notifier.channels.chat.teams import TEAMS

PROVIDERS = {provider.name: provider for provider in (SLACK, TEAMS, DISCORD)}


def build(name: str, *, hosts: ChatHosts, transport: httpx2.AsyncBaseTransport | None = None) -> Chat:
    """Returns the channel `slack`, `teams` or `discord`. `transport`: what carries the calls, in tests."""
    return Chat(PROVIDERS[name], getattr(hosts, name), transport)
