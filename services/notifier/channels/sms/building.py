"""Builds the channel `sms` of the provider that `notifications.yml` names."""

import httpx2

from services.notifier.channels.sms.channel import Sms
from services.notifier.channels.sms.generic import Generic
from services.notifier.channels.sms.policy import HttpSms, SmsPolicy, TwilioSms
from services.notifier.channels.sms.twilio import Twilio
from shared.configuration.files import ConfigError


def build(*, policy: SmsPolicy | None, secret: str, transport: httpx2.AsyncBaseTransport | None = None) -> Sms | None:
    """Returns the channel, or None when there is no provider. Raises ConfigError when its secret is missing."""
    match policy:
        case None:
            return None
        case TwilioSms() if not secret:
            raise ConfigError("notifications.yml names Twilio (`sms`), and FOREWARN_SMS_SECRET, its token, is not set")
        case TwilioSms():
            return Sms(Twilio(policy, secret), transport)
        case HttpSms():
            if not secret and _needs_secret(policy):
                raise ConfigError("notifications.yml names a secret of the SMS provider (`sms`), and FOREWARN_SMS_SECRET is not set")
            return Sms(Generic(policy, secret), transport)


def _needs_secret(policy: HttpSms) -> bool:
    said = repr((policy.headers, policy.query, policy.json_body, policy.form))
    return bool(policy.login) or "{secret}" in said
