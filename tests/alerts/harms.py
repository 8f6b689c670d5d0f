"""What is taken away from the running stack, and which alerts must follow: every alert of `rules.yml` is here."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial

from shared.events import Topic
from tests.alerts.harming import containers, files, records, replicas, rows
from tests.alerts.stack import HOOK, SHOP, Stack

Labels = dict[str, str]


@dataclass(frozen=True)
class Harm:
    """One thing that is taken away for a while, and the alerts that must fire meanwhile and be over after."""

    what: str
    doing: Callable[[Stack], AbstractAsyncContextManager[None]]  # the thing is away while the context lasts
    alerts: dict[str, Labels]
    first: Callable[[Stack], Awaitable[None]] | None = None  # what must have happened before
    last: Callable[[Stack], Awaitable[None]] | None = None  # what is done once the alerts are over


# Harms of one round hurt different parts of the stack and are done at the same time.
ROUNDS: tuple[tuple[Harm, ...], ...] = (
    (
        Harm(
            "the mail server",
            containers.mail_server_stopped,
            {
                "MailServerAway": {"service": "notifier"},
                "DeliveryFailing": {"service": "notifier"},
                "NothingDelivered": {"service": "notifier"},
            },
        ),
        Harm(
            "the JSON of 1,500 requests",
            records.nonsense,
            {"DeadLetters": {"service": "ticketing", "reason": "not_json"}, "DeadLetterFlood": {"service": "ticketing"}},
        ),
        Harm("the time of notifier", partial(containers.frozen, "notifier"), {"EventLoopBlocked": {"service": "notifier"}}),
        Harm("a table that due work needs", rows.work_that_raises, {"DueWorkFailing": {"service": "ticketing"}}),
        Harm("the sense of a due row", rows.work_that_always_raised, {"DueWorkAside": {"service": "ticketing", "kind": "look_again"}}),
        Harm("a due row (locked)", rows.work_that_no_worker_gets, {"DueWorkLate": {"service": "ticketing", "kind": "tidy_tickets"}}),
        Harm("a table of the console (locked)", rows.customers_locked, {"ConsoleBehind": {"service": "console"}}),
        Harm(
            "a table of monitor (locked)",
            records.table_locked,
            {"ConsumerStuck": {"topic": Topic.PRODUCT_EVENTS}, "ConsumerLagGrowing": {"topic": Topic.PRODUCT_EVENTS}},
        ),
    ),
    (
        Harm("ticketing", partial(containers.stopped, "ticketing"), {"ServiceDown": {"service": "ticketing"}}),
        Harm(
            "one of two replicas of notifier",
            partial(replicas.one_of_two_killed, "notifier"),
            {"ReplicaDown": {"service": "notifier"}},
            first=partial(replicas.two, "notifier"),
            last=partial(replicas.one, "notifier"),
        ),
        Harm(
            "the peace of a consumer group",
            partial(replicas.restless_member, "monitor", Topic.PRODUCT_EVENTS),
            {"PartitionsMoving": {"service": "monitor", "topic": Topic.PRODUCT_EVENTS}},
        ),
        Harm("the secret of a webhook", records.unsigned, {"HookRefused": {"service": "monitor", "hook": HOOK}}),
        Harm("half of the file of tokens", files.tokens_file_broken, {"TokensFileBroken": {"service": "monitor"}}),
        Harm("half of the file of rules", files.rules_file_broken, {"RulesFileBroken": {"service": "monitor"}}),
    ),
    (
        Harm(
            "people's consent",
            rows.stopped_and_asked,
            {
                "KillSwitchOn": {"service": "notifier", "scope": "rule"},
                "RuleBraked": {"service": "notifier"},
                "ApprovalWaiting": {"service": "notifier"},
            },
        ),
        Harm("the taker of a webhook", rows.webhook_that_took_no_call, {"RiskWebhookFailed": {"service": "monitor"}}),
        Harm("the topic of a fact", rows.refused_row, {"UnpublishedRows": {"service": "monitor"}}),
        Harm("the relay's consent to our sender", containers.sender_refused, {"DeliveryPaused": {"service": "notifier"}}),
        Harm(
            "what customers think of our mails",
            rows.mails_came_back,
            {"ReturnedTooMuch": {"channel": "email", "cause": "bounces"}, "ChannelPaused": {"channel": "email"}},
        ),
        Harm("a customer's endpoint", rows.endpoint_that_fails, {"EndpointDisabled": {"service": "notifier", "why": "failing"}}),
        Harm("the JSON of notifications.v1", records.unreadable, {"BrakeEngaged": {"service": "console", "topic": Topic.NOTIFICATIONS}}),
        Harm(
            "the end of a transaction",
            records.transaction_left_open,
            {"TransactionHolds": {"service": "ticketing", "topic": Topic.SUPPORT_REQUESTS}},
        ),
        Harm("the sense of a source's records", records.unmapped, {"SourceUnmapped": {"service": "monitor", "topic": SHOP}}),
        Harm("the framing of a record", records.not_to_be_unpacked, {"RecordsUnreadable": {"service": "ticketing"}}),
        Harm("the events of a failing component", records.component_died, {"SilentIncidents": {"service": "monitor"}}),
    ),
    (
        Harm(
            "records that were not read yet",
            containers.deleted_unread,
            {"RecordsLost": {"service": "ticketing", "topic": Topic.SUPPORT_REQUESTS}},
        ),
        Harm(
            "the names of components",
            records.ids_for_names,
            {"ComponentsRefused": {"service": "monitor"}, "IdentitiesDropped": {"service": "monitor"}},
        ),
        Harm("the mailbox of bounces", partial(containers.stopped, "bounces"), {"BounceMailboxAway": {"service": "notifier"}}),
        Harm("the address of an operator", rows.operator_who_was_not_told, {"OperatorsNotTold": {"service": "notifier"}}),
        Harm(
            "the traffic of customers.v1", records.nobody_speaks, {"SourceSilent": {"topic": Topic.CUSTOMERS}}, records.always_had_traffic
        ),
    ),
    (
        Harm(
            "Postgres", partial(containers.stopped, "postgres"), {"DatabaseAway": {"service": "monitor"}, "NotReady": {"check": "database"}}
        ),
    ),
    (
        Harm(
            "Kafka",
            containers.kafka_stopped,
            {"KafkaAway": {"service": "monitor"}, "LagUnknown": {"service": "notifier"}, "OutboxOld": {"service": "monitor"}},
        ),
    ),
)
