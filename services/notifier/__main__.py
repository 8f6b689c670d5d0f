"""Starts notifier, which decides who must know of what, how and when. Wiring only."""

import sys
from functools import partial

from services.notifier.acts.approving import Desk
from services.notifier.acts.correcting import CORRECTION, Correcting
from services.notifier.acts.measuring import consent
from services.notifier.acts.proving import PROOF, Proofs
from services.notifier.acts.releasing import Releasing
from services.notifier.announcing import Announcing
from services.notifier.api import ROUTERS, approvals, endpoints, experiments, rules, why
from services.notifier.api import channels as channels_api
from services.notifier.audience import Contact
from services.notifier.channels.email.bounces.mailbox import Mailbox
from services.notifier.channels.email.building import mail_servers
from services.notifier.channels.email.mail import sender_of
from services.notifier.channels.given import Given, sms_reader
from services.notifier.channels.outcome import Rendered
from services.notifier.channels.registry import routes
from services.notifier.channels.webhook import replaying
from services.notifier.channels.webhook.caller import Caller
from services.notifier.channels.webhook.replaying import Replaying
from services.notifier.deciding.policy import Policy
from services.notifier.delivering.beginning import LEASE
from services.notifier.follow_up import FollowUp
from services.notifier.hearing import customers, incidents, risks, tickets
from services.notifier.hearing.receipts import AT_ONCE as RECEIPTS_AT_ONCE
from services.notifier.hearing.receipts import RECEIPT, Receipts
from services.notifier.hearing.returned import matching_of
from services.notifier.keeping import kept
from services.notifier.lanes import ALARMS
from services.notifier.operators.telling import AT_ONCE as TELLING_AT_ONCE
from services.notifier.operators.telling import LEASE as TELLING
from services.notifier.operators.telling import built
from services.notifier.personal import PERSONAL
from services.notifier.public import engaging, receipts, unsubscribe
from services.notifier.public.links import Right, token_for
from services.notifier.returning.reading import READ_LEASE, ReadingBounces
from services.notifier.returning.watching import WatchingChannels, figures
from services.notifier.settings import NotifierSettings
from services.notifier.situation import Situation
from services.notifier.store.endpoints import REPLAY
from services.notifier.store.incidents import FOLLOW_UP
from services.notifier.store.maintenance import ANNOUNCE
from services.notifier.store.notices import SPREAD, TELL
from services.notifier.store.releases import RELEASE
from services.notifier.store.returned import READ, WATCH
from services.notifier.timers import Delivery, due_rows
from services.notifier.wording.books import books_of
from services.notifier.wording.engaging import Engaging
from services.notifier.wording.merging import Writer
from shared.catalog import Catalog
from shared.configuration.files import ConfigError, file_of, load
from shared.erasing import AT_ONCE as ERASED_AT_ONCE
from shared.events import Topic
from shared.observing.visible import visible
from shared.postgres import Database, patiently
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
FOLLOW_UPS = 2  # incidents whose customers are looked through side by side


def service(settings: NotifierSettings) -> Service:
    """Returns notifier, ready to run. Raises ConfigError when notifications.yml or catalog.yml does not say what it must."""
    policy = load(file_of("notifications.yml", settings.config_folders), Policy)
    catalog = load(file_of("catalog.yml", settings.config_folders), Catalog)
    sender = sender_of(settings.mail_from, policy.from_name)
    database = Database(settings, "notifier")
    shipped = load(settings.config_folders[-1] / "notifications.yml", Policy)
    books = books_of(settings.config_folders, shipped.texts)
    caller = Caller(settings.webhook_secret.get_secret_value(), networks_of(settings.webhook_networks), clear=settings.webhook_clear)
    given = Given(settings, policy, database, sender, caller)
    channels = routes(given, policy.channels)
    engaged = Engaging(policy.engagement, settings.links)
    write = partial(_write, settings, Writer(policy.texts, catalog, sender.name or sender.address, books, engaged))
    delivery = Delivery(database, channels, policy, write)
    due = due_rows(delivery)
    telling = built(given, {name: route.channel for name, route in channels.items()})
    due |= {SPREAD: Work(telling.spread), TELL: Work(telling.tell, TELLING_AT_ONCE, TELLING)}
    due[REPLAY] = Work(Replaying(database, caller), replaying.AT_ONCE)
    due[FOLLOW_UP] = Work(FollowUp(database, policy).follow_up, FOLLOW_UPS, before=ALARMS, least=0)
    watching, reading = WatchingChannels(database, policy.sender_brake, list(channels)), _reading(settings, database)
    due[WATCH] = Work(watching, recurs=True)
    if reading is not None:
        due[READ] = Work(reading, lease=READ_LEASE, recurs=True)
    due[RECEIPT] = Work(Receipts(database, settings.links, policy.channels).take, RECEIPTS_AT_ONCE)
    due[ANNOUNCE] = Work(Announcing(database, policy).announce)
    due[RELEASE] = Work(Releasing(database).release)
    due[CORRECTION] = Work(Correcting(database).correct)
    due[PROOF] = Work(Proofs(database, channels, policy, write).send, lease=LEASE)
    return Service(
        "notifier",
        settings,
        database,
        _streams(database),
        due,
        (
            *ROUTERS,
            approvals.router_of(Desk(policy, write)),
            *(each.router_of(policy) for each in (rules, why, experiments)),
            endpoints.calling(caller),
            channels_api.router_of(channels, policy.sender_brake),
        ),
        _public(settings, policy),
        before=[partial(patiently, "the database", each.schedule) for each in (watching, reading) if each is not None],
        background=[caller.run, *(each.run for each in {*(route.channel for route in channels.values()), *telling.channels.values()})],
        measurements=[*mail_servers(settings, sender), figures(database, list(channels)), consent(database)],
        kept=kept(settings),
        personal=PERSONAL,
        about="Tells exactly the affected customers, once, and shows why anybody was told or not.",
    )


def _streams(database: Database) -> list[Stream]:
    return [
        Stream("notifier", topic, Handling(topic, known, handler, FORGET.get(topic)), database, at_once=at_once)
        for topic, known, handler, at_once in HEARD
    ]


def _public(settings: NotifierSettings, policy: Policy) -> Public:
    """Returns what customers reach by their links, and providers by theirs."""
    routers = [unsubscribe.router, engaging.router_of(policy.engagement), receipts.router_of(sms_reader(settings, policy))]
    return Public(routers, settings.public_port)


def _reading(settings: NotifierSettings, database: Database) -> ReadingBounces | None:
    """Returns what reads the mailbox of bounces; None when there is none."""
    if not settings.bounce_imap_host:
        return None
    mailbox = Mailbox(
        settings.bounce_imap_host,
        settings.bounce_imap_port,
        settings.bounce_imap_username,
        settings.bounce_imap_password.get_secret_value(),
        folder=settings.bounce_imap_folder,
        done=settings.bounce_imap_done,
        tls=settings.bounce_imap_tls,
        ca=settings.bounce_imap_ca,
    )
    return ReadingBounces(database, mailbox, matching_of(settings))


def _write(
    settings: NotifierSettings,
    writer: Writer,
    situation: Situation,
    contact: Contact,
    earlier: tuple[str, ...],
) -> Rendered:
    right = Right(situation.notification.purpose, situation.notification.customer_id)
    token = token_for(right, settings.link_secret.get_secret_value())
    return writer.write(situation, contact, f"{settings.public_url}/u/{token}", earlier)


if __name__ == "__main__":
    try:
        run(service(NotifierSettings()))
    except ConfigError as error:
        sys.exit(visible(str(error), keep="\n"))
