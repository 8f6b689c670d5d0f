"""What a channel may be built from."""

from collections.abc import Callable
from dataclasses import dataclass

from services.notifier.channels.email.mail import Sender
from services.notifier.channels.outcome import Rendered
from services.notifier.channels.sms.building import reader_of
from services.notifier.channels.sms.policy import TwilioSms
from services.notifier.channels.sms.receipts import Reader
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


def sms_reader(settings: NotifierSettings, policy: Policy) -> Reader | None:
    """Returns what reads the receipts of the SMS provider; None when it gives none."""
    return reader_of(policy.sms, settings.sms_auth_token(policy.sms))


def sms_callback(settings: NotifierSettings, policy: Policy) -> Callable[[Rendered], str] | None:
    """Returns what says where the SMS provider is to say what became of a text; None: nowhere. Twilio calls only https."""
    if sms_reader(settings, policy) is None or (isinstance(policy.sms, TwilioSms) and not settings.public_url.startswith("https://")):
        return None
    links = settings.links
    return lambda message: links.to_receipt(message.id, "sms", message.address)
