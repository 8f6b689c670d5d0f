"""What a channel may be built from."""

from dataclasses import dataclass

from services.notifier.channels.email.mail import Sender
from services.notifier.channels.webhook.caller import Caller
from services.notifier.deciding.policy import Policy
from services.notifier.settings import NotifierSettings
from shared.postgres import Database


@dataclass(frozen=True)
class Given:
    """All that the builders of channels choose from."""

    settings: NotifierSettings
    policy: Policy
    database: Database
    sender: Sender
    caller: Caller  # of customers' endpoints
