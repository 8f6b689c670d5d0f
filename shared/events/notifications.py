"""Defines the facts of `notifications.v1`: what a customer was told, or why not."""

from typing import Literal

from shared.events.envelope import Fact, Id, Payload, Why
from shared.events.moments import Moment


class Notification(Payload):
    """Holds what every fact about a notification repeats."""

    notification_id: Id
    customer_id: Id
    kind: Literal[
        "opened",
        "updated",
        "resolved",
        "withdrawn",
        "dismissed",
        "answer",
        "reply",
        "guidance",
        "correction",
        "notice",
        "maintenance_planned",
        "maintenance_changed",
        "maintenance_started",
        "maintenance_ended",
        "maintenance_cancelled",
    ]
    incident_id: str | None = None
    ticket_id: str | None = None
    risk_id: str | None = None  # of guidance
    maintenance_id: str | None = None  # of what is said of maintenance


class NotificationDelivered(Fact):
    """The provider accepted the notification.

    What was said on a ticket (kinds `answer` and `reply`) has the id `identity(ticket_id, reply_id)` of its `ticket.replied`.
    """

    class Data(Notification):
        channel: str
        delivered_at: Moment
        message_id: str
        subject: str = ""  # the words as they were sent; empty in facts of older versions
        body: str = ""  # without the footer; `[link]` where a link stood that acts for the customer
        why: Why = {}  # the figures of the decision to send: age, consent, cap, how lately the incident was failing
        answer: str = ""  # the codes that the provider gave when it accepted it

    type: Literal["forewarn.notification.delivered.v1"] = "forewarn.notification.delivered.v1"
    data: Data


class NotificationFailed(Fact):
    """No retry will deliver the notification: the address is refused, or the time to live ran out."""

    class Data(Notification):
        channel: str
        failed_at: Moment
        reason: str  # from a closed list
        detail: str = ""

    type: Literal["forewarn.notification.failed.v1"] = "forewarn.notification.failed.v1"
    data: Data


class NotificationSuppressed(Fact):
    """It was decided not to tell the customer: the reason says which rule objected."""

    class Data(Notification):
        reason: str  # capped, stale, superseded, opted_out, erased, no_contact, dry_run, unapproved, answered, duplicate, held_out
        why: Why = {}

    type: Literal["forewarn.notification.suppressed.v1"] = "forewarn.notification.suppressed.v1"
    data: Data


class NotificationReceived(Fact):
    """The provider says that the notification has reached the customer's device, which is more than that it had taken it."""

    class Data(Notification):
        channel: str
        received_at: Moment

    type: Literal["forewarn.notification.received.v1"] = "forewarn.notification.received.v1"
    data: Data


class NotificationEngaged(Fact):
    """The customer opened the notification, or acted on it: each is said once, when it is seen first.

    That it was opened is a hint: programs load the images of mails that nobody reads. Scanners follow links, too.
    """

    class Data(Notification):
        action: Literal["opened", "clicked", "unsubscribed"]

    type: Literal["forewarn.notification.engaged.v1"] = "forewarn.notification.engaged.v1"
    data: Data


class NotificationBounced(Fact):
    """The notification came back after a provider had accepted it. That the customer does not have it is said by `notification.failed`."""

    class Data(Notification):
        channel: str
        bounced_at: Moment
        reason: str  # from a closed list: address, refused, transient
        code: str = ""  # of RFC 3463

    type: Literal["forewarn.notification.bounced.v1"] = "forewarn.notification.bounced.v1"
    data: Data


class NotificationComplained(Fact):
    """The customer called the notification spam: they are told nothing first of its purpose any more."""

    class Data(Notification):
        channel: str
        complained_at: Moment
        feedback: str = ""  # of RFC 5965: abuse, fraud, …

    type: Literal["forewarn.notification.complained.v1"] = "forewarn.notification.complained.v1"
    data: Data


class NotificationAnswered(Fact):
    """The customer answered the question that the notification asked. They may answer again: the latest counts."""

    class Data(Notification):
        answer: Literal["yes", "no"]
        question: Literal["fixed", "helped"] = "fixed"  # helped: did this help you? fixed: is it fixed for you? (not asked yet)

    type: Literal["forewarn.notification.answered.v1"] = "forewarn.notification.answered.v1"
    data: Data
