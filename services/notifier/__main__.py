"""Starts notifier: who must know, how, and when? Wiring only."""

import sys
from functools import partial

from services.notifier import handlers, links, store, texts
from services.notifier.api import router
from services.notifier.audience import Contact
from services.notifier.channels.breaker import Breaker
from services.notifier.channels.connections import Connections
from services.notifier.channels.email import Email
from services.notifier.channels.mail import Sender, sender_of
from services.notifier.channels.outcome import Message
from services.notifier.channels.probing import mail_server
from services.notifier.contacts import router as contacts
from services.notifier.follow_up import FollowUp
from services.notifier.keeping import kept
from services.notifier.links import Right
from services.notifier.policy import Policy
from services.notifier.settings import NotifierSettings
from services.notifier.suppression import Situation
from services.notifier.timers import LEASE, Delivery
from services.notifier.unsubscribe import public
from shared.catalog import Catalog
from shared.config import ConfigError, load
from shared.events import Topic
from shared.handling import Handling
from shared.postgres import Database
from shared.service import Service, run
from shared.stream import Stream
from shared.timers import Work
from shared.visible import visible

HEARD = (
    (Topic.CUSTOMERS, handlers.CUSTOMER_FACTS, handlers.on_customers, 500),
    (Topic.INCIDENTS, handlers.INCIDENT_FACTS, handlers.on_incidents, 50),  # an impact has 500 customers: 25,000 rows at worst
    (Topic.TICKETS, handlers.TICKET_FACTS, handlers.on_tickets, 500),
)
FORGET = {Topic.CUSTOMERS: handlers.on_forgotten}  # on compacted topics
AT_ONCE = {store.DELIVERY: 12, store.REPLY: 4}  # mails under way
FOLLOW_UPS = 2  # incidents whose customers are looked through side by side


def service(settings: NotifierSettings) -> Service:
    """Notifier, ready to run. Raises ConfigError when notifications.yml or catalog.yml does not say what it must."""
    policy, catalog = load(settings.config_dir / "notifications.yml", Policy), load(settings.config_dir / "catalog.yml", Catalog)
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
    due[store.FOLLOW_UP] = Work(FollowUp(database, policy).follow_up, FOLLOW_UPS)
    probe = mail_server(settings.smtp_host, settings.smtp_port, own_name=sender.domain, tls=settings.smtp_tls, ca=settings.smtp_ca)
    return Service(
        "notifier",
        settings,
        database,
        streams,
        due,
        [router, contacts, public],
        background=[connections.run],
        measurements=[probe],
        kept=kept(settings),
    )


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
) -> Message:
    right = Right(situation.notification.purpose, situation.notification.customer_id)
    token = links.token_for(right, settings.link_secret.get_secret_value())
    unsubscribe = f"{settings.public_url}/u/{token}"
    return texts.write(situation, contact, policy, catalog, sender=sender.name or sender.address, unsubscribe=unsubscribe, earlier=earlier)


if __name__ == "__main__":
    try:
        run(service(NotifierSettings()))
    except ConfigError as error:
        sys.exit(visible(str(error), keep="\n"))
