"""The channel `email` as the settings want it: its relays, and whether its mails are signed."""

from services.notifier.channels.breaker import Breaker
from services.notifier.channels.email.channel import Email
from services.notifier.channels.email.connections import Connections
from services.notifier.channels.email.mail import Sender
from services.notifier.channels.email.probing import NAME, mail_server
from services.notifier.channels.email.relays import Outlet, Relay
from services.notifier.channels.given import Given
from services.notifier.settings import NotifierSettings
from shared.observing.measuring import Dependency


def build(given: Given) -> Email:
    """Returns the channel."""
    settings, sender = given.settings, given.sender
    outlets = [
        Outlet(relay.name, _connections(relay, settings, sender), Breaker(given.policy.retries), relay.weight)
        for relay in settings.mail_relays
    ]
    signer = settings.mail_signer(sender)
    return Email(outlets, sender, sign=signer.signed if signer else None, paths=settings.return_paths)


def mail_servers(settings: NotifierSettings, sender: Sender) -> list[Dependency]:
    """Returns a measurement of each relay: of whether it answers."""
    relays = settings.mail_relays
    return [
        mail_server(
            relay.host,
            relay.port,
            own_name=sender.domain,
            tls=relay.tls,
            ca=settings.smtp_ca if relay.tls != "none" else "",
            name=NAME if len(relays) == 1 else f"{NAME} {relay.name}",
        )
        for relay in relays
    ]


def _connections(relay: Relay, settings: NotifierSettings, sender: Sender) -> Connections:
    return Connections(
        relay.host,
        relay.port,
        own_name=sender.domain,
        username=relay.username,
        password=relay.password,
        tls=relay.tls,
        ca=settings.smtp_ca if relay.tls != "none" else "",
    )
