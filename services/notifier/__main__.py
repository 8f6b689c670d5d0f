"""Starts notifier, which decides who must know of what, how and when. Wiring only."""

import sys
from functools import partial

from services.notifier.api import ROUTERS, endpoints
from services.notifier.audience import Contact
from services.notifier.channels.breaker import Breaker
from services.notifier.channels.email.channel import Email
from services.notifier.channels.email.connections import Connections
from services.notifier.channels.email.mail import Sender, sender_of
from services.notifier.channels.email.probing import mail_server
from services.notifier.channels.outcome import Rendered
from services.notifier.channels.webhook import replaying
from services.notifier.channels.webhook.caller import Caller
from services.notifier.channels.webhook.replaying import Replaying
from services.notifier.deciding.policy import Policy
from services.notifier.follow_up import FollowUp
from services.notifier.hearing import customers, incidents, risks, tickets
from services.notifier.keeping import kept
from services.notifier.personal import PERSONAL
from services.notifier.public import unsubscribe
from services.notifier.public.links import Right, token_for
from services.notifier.settings import NotifierSettings
from services.notifier.situation import Situation
from services.notifier.store.endpoints import REPLAY
from services.notifier.store.incidents import FOLLOW_UP
from services.notifier.store.ledger import DELIVERY, REPLY
from services.notifier.timers import LEASE, Delivery
from services.notifier.wording import writing
from shared.catalog import Catalog
from shared.configuration.files import ConfigError, file_of, load
from shared.erasing import AT_ONCE as ERASED_AT_ONCE
from shared.events import Topic
from shared.observing.visible import visible
from shared.postgres import Database
from shared.service import Public, Service, run
from shared.stream import Stream
from shared.streaming.handling import Handling
from shared.timers import Work
from shared.webhooks.addresses import networks_of

HEARD = (
    (Topic.CUSTOMERS, customers.FACTS, customers.on_customers, ERASED_AT_ONCE),
    (Topic.INCIDENTS, incidents.FACTS, incidents.on_incidents, 50),  # an impact has 500 customers: 25,000 rows at worst
    (Topic.TICKETS, tickets.FACTS, tickets.on_tickets, 500),
    (Topic.RISKS, risks.FACTS, risks.on_risks, 500),
)
FORGET = {Topic.CUSTOMERS: customers.on_forgotten}  # on compacted topics
AT_ONCE = {DELIVERY: 12, REPLY: 4}  # mails under way
FOLLOW_UPS = 2  # incidents whose customers are looked through side by side


def service(settings: NotifierSettings) -> Service:
    """Returns notifier, ready to run. Raises ConfigError when notifications.yml or catalog.yml does not say what it must."""
    policy = load(file_of("notifications.yml", settings.config_folders), Policy)
    catalog = load(file_of("catalog.yml", settings.config_folders), Catalog)
    sender = sender_of(settings.mail_from, policy.from_name)
    database = Database(settings, "notifier")
    connections = _connections(settings, sender)
    write = partial(_write, settings, policy, catalog, sender)
    delivery = Delivery(database, Email(connections, sender), policy, write, Breaker(policy.retries))
    streams = [
        Stream("notifier", topic, Handling(topic, known, handler, FORGET.get(topic)), database, at_once=at_once)
        for topic, known, handler, at_once in HEARD
    ]
    due = {lane: Work(delivery.deliver, at_once, LEASE) for lane, at_once in AT_ONCE.items()}
    caller = _caller(settings)
    due[REPLAY] = Work(Replaying(database, caller), replaying.AT_ONCE)
    due[FOLLOW_UP] = Work(FollowUp(database, policy).follow_up, FOLLOW_UPS)
    probe = mail_server(settings.smtp_host, settings.smtp_port, own_name=sender.domain, tls=settings.smtp_tls, ca=settings.smtp_ca)
    return Service(
        "notifier",
        settings,
        database,
        streams,
        due,
        (*ROUTERS, endpoints.calling(caller)),
        Public([unsubscribe.router], settings.public_port),
        background=[connections.run, caller.run],
        measurements=[probe],
        kept=kept(settings),
        personal=PERSONAL,
        about="Tells exactly the affected customers, once, and shows why anybody was told or not.",
    )


def _caller(settings: NotifierSettings) -> Caller:
    """Returns what calls customers' endpoints."""
    return Caller(settings.webhook_secret.get_secret_value(), networks_of(settings.webhook_networks), clear=settings.webhook_clear)


def _connections(settings: NotifierSettings, sender: Sender) -> Connections:
    return Connections(
        settings.smtp_host,
        settings.smtp_port,
        own_name=sender.domain,
        username=settings.smtp_username,
        password=settings.smtp_password.get_secret_value(),
        tls=settings.smtp_tls,
        ca=settings.smtp_ca,
    )


def _write(
    settings: NotifierSettings,
    policy: Policy,
    catalog: Catalog,
    sender: Sender,
    situation: Situation,
    contact: Contact,
    earlier: tuple[str, ...],
) -> Rendered:
    right = Right(situation.notification.purpose, situation.notification.customer_id)
    token = token_for(right, settings.link_secret.get_secret_value())
    link = f"{settings.public_url}/u/{token}"
    return writing.write(situation, contact, policy.texts, catalog, sender=sender.name or sender.address, unsubscribe=link, earlier=earlier)


if __name__ == "__main__":
    try:
        run(service(NotifierSettings()))
    except ConfigError as error:
        sys.exit(visible(str(error), keep="\n"))
