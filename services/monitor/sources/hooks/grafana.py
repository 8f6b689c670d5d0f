"""Reads the webhooks of Grafana's alerting, whose form is Alertmanager's with some more. Pure.

https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
"""

from services.monitor.sources.hooks.alertmanager import COMPONENT, read
from services.monitor.sources.hooks.model import Hook, Signature
from services.monitor.sources.hooks.said import Kind
from services.monitor.sources.hooks.signatures import Check, Headers, Secrets, Verdict, by_bearer, by_signature

USUAL = Signature(header="X-Grafana-Alerting-Signature")


def check(hook: Hook) -> Check:
    """Makes a check of the HMAC that Grafana signs with since version 12, or of the bearer token where it sends one."""
    by_header = by_signature(hook.signature or USUAL)

    def judged(secrets: Secrets, headers: Headers, raw: bytes) -> Verdict:
        return (by_bearer if "authorization" in headers else by_header)(secrets, headers, raw)

    return judged


KIND = Kind(check, lambda hook: read, COMPONENT)  # noqa: ARG005
