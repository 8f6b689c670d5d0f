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

    @property
    def sms_receipts(self) -> Reader | None:
        """What reads the receipts of the SMS provider; None when it gives none."""
        return reader_of(self.policy.sms, self.settings.sms_auth_token(self.policy.sms))

    @property
    def sms_callback(self) -> Callable[[Rendered], str] | None:
        """Returns where the SMS provider says what became of a text. Twilio calls only https."""
        if self.sms_receipts is None or (isinstance(self.policy.sms, TwilioSms) and not self.settings.public_url.startswith("https://")):
            return None
        links = self.settings.links
        return lambda message: links.to_receipt(message.id, "sms", message.address)
