"""Builds the channel `sms` of the provider that `notifications.yml` names, and what reads its receipts."""

from collections.abc import Callable

import httpx2

from services.notifier.channels.outcome import Rendered
from services.notifier.channels.sms.channel import Sms
from services.notifier.channels.sms.generic import Generic
from services.notifier.channels.sms.policy import HttpReceipts, HttpSms, SmsPolicy, TwilioSms
from services.notifier.channels.sms.receipts import HttpReceiptsReader, Reader, TwilioReceipts
from services.notifier.channels.sms.twilio import Twilio
from shared.configuration.files import ConfigError


def build(
    *,
    policy: SmsPolicy | None,
    secret: str,
    transport: httpx2.AsyncBaseTransport | None = None,
    callback: Callable[[Rendered], str] | None = None,
) -> Sms | None:
    """Returns the channel, or None when there is no provider. Raises ConfigError when its secret is missing.

    `callback`: where the provider is to say later what became of a text.
    """
    match policy:
        case None:
            return None
        case TwilioSms() if not secret:
            raise ConfigError("notifications.yml names Twilio (`sms`), and FOREWARN_SMS_SECRET, its token, is not set")
        case TwilioSms():
            return Sms(Twilio(policy, secret, callback), transport)
        case HttpSms():
            if not secret and _needs_secret(policy):
                raise ConfigError("notifications.yml names a secret of the SMS provider (`sms`), and FOREWARN_SMS_SECRET is not set")
            return Sms(Generic(policy, secret, callback), transport)


def reader_of(policy: SmsPolicy | None, token: str) -> Reader | None:
    """Returns what reads the receipts of the provider; None when it gives none, or they cannot be known from others'.

    `token`: the auth token with which Twilio signs.
    """
    match policy:
        case TwilioSms(status_callback="") if token:
            return TwilioReceipts(policy.account, token)
        case HttpSms(receipts=HttpReceipts() as described):
            return HttpReceiptsReader(described)
    return None


def _needs_secret(policy: HttpSms) -> bool:
    said = repr((policy.headers, policy.query, policy.json_body, policy.form))
    return bool(policy.login) or "{secret}" in said
