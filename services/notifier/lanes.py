"""Due notifications wait in lanes, so that what is urgent does not wait behind a storm of what is not: each is a kind of due rows."""

from collections.abc import Mapping

from services.notifier.notification import AFTER_ALARM, OF_MAINTENANCE, Kind

CRITICAL = "critical"  # a critical incident affects you
DELIVERY = "delivery"  # any other does
REPLY = "reply"  # to what the customer wrote
END = "end"  # what we told you of is over, or there is news of it
BULK = "bulk"  # advice and maintenance, which nobody waits for

# How many are under way at once in one process, from the decision until it is settled; and the shares of a channel that all need.
AT_ONCE: Mapping[str, int] = {CRITICAL: 480, DELIVERY: 480, REPLY: 60, END: 120, BULK: 60}
SHARES: Mapping[str, int] = {CRITICAL: 16, DELIVERY: 8, REPLY: 8, END: 2, BULK: 1}
# What is less urgent does with few at a time while anything of these lanes is under way: all share one processor and one database.
ALARMS = (CRITICAL, DELIVERY)
BEFORE: Mapping[str, tuple[str, ...]] = {END: ALARMS, BULK: (*ALARMS, REPLY)}
LEAST: Mapping[str, int] = {END: 8, BULK: 4}
SLOW = 4  # times as many may be under way besides, whose receivers are slow
LANES = tuple(AT_ONCE)


def lane_of(kind: Kind, *, proactive: bool, severity: str | None) -> str:
    """Returns the lane of a notification. `severity` is its incident's; None when there is none, or it is not known yet."""
    if kind in AFTER_ALARM:
        return END
    if not proactive:
        return REPLY
    if kind is Kind.GUIDANCE or (kind in OF_MAINTENANCE and kind is not Kind.MAINTENANCE_STARTED):
        return BULK
    return CRITICAL if severity == "critical" else DELIVERY
