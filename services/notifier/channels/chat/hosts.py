"""The part `chat_hosts:` of `notifications.yml`: further hosts of chat providers, as those for governments or of one's own."""

from typing import Annotated

from pydantic import Field

from shared.configuration.files import Config

Host = Annotated[str, Field(max_length=253, pattern=r"^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+$")]


class ChatHosts(Config):
    """Hosts that addresses of customers may lead to, always by https. `*.example.org` is every host below that one."""

    slack: tuple[Host, ...] = Field((), max_length=20, description="that speak as Slack does, as hooks.slack-gov.com")
    teams: tuple[Host, ...] = Field((), max_length=20, description="of workflows in other clouds of Microsoft")
    discord: tuple[Host, ...] = Field((), max_length=20, description="that speak as Discord does")
