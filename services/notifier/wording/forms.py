"""The events that customers are told of, and the forms of their words. Values only."""

from enum import StrEnum

LAYOUT, FOOTER, HELPED = "layout", "footer", "helped"  # names of templates that are for all events
SHORT, ITEM = "short", "digest"  # forms of the words of an event: for channels on which every character counts, and in a digest
UNDER = (FOOTER, HELPED)  # of them, what stands under the words of a mail


class Event(StrEnum):
    """What a customer is told: each has words of its own."""

    OPENED = "opened"  # trouble has begun, and affects the customer
    LIKELY = "likely"  # trouble has begun, and may affect the customer
    UPDATED = "updated"  # what we said about it has changed
    RESOLVED = "resolved"  # it is over
    WITHDRAWN = "withdrawn"  # nothing judges it any more
    DISMISSED = "dismissed"  # it was a false alarm
    ARTICLE = "article"  # an article says how to get on
    HELP = "help"  # a person offers help
    REPLY = "reply"  # what somebody wrote on a ticket
    DIGEST = "digest"  # several of these at once: each is an item of it
    ENDPOINT_GONE = "endpoint_gone"  # their endpoint is called no more: it answered that it is gone
    ENDPOINT_FAILING = "endpoint_failing"  # their endpoint is called no more: it took none of its last calls
    MAINTENANCE_PLANNED = "maintenance_planned"  # work on the product comes, or goes on already
    MAINTENANCE_CHANGED = "maintenance_changed"  # it comes at another time, or is other work
    MAINTENANCE_STARTED = "maintenance_started"  # it has begun
    MAINTENANCE_ENDED = "maintenance_ended"  # it is over
    MAINTENANCE_CANCELLED = "maintenance_cancelled"  # it does not come, or has stopped


class Form(StrEnum):
    """The form of a template, by the end of its file's name."""

    TEXT = "txt"
    MJML = "mjml"
    HTML = "html"
