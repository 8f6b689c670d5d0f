"""After a try, a notification is settled, or tried again at a moment that is decided here. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from services.notifier.channels.outcome import Delivered, Failed, Outcome, Refusal, Retry, Trouble
from services.notifier.deciding.policy import Policy, Retries
from services.notifier.notification import Attempt, Notification, Status
from shared.webhooks.retrying import jittered, spread


@dataclass(frozen=True, slots=True)
class Settled:
    """The notification is settled: no more tries."""

    status: Status
    attempt: Attempt
    told: bool  # the customer has it, or may have it


@dataclass(frozen=True, slots=True)
class Again:
    """Another try is made, at that moment."""

    at: datetime
    attempt: Attempt
    told: bool


@dataclass(frozen=True, slots=True)
class Patience:
    """How long, and how often, a channel tries; None: as notifications.yml says."""

    ladder: tuple[timedelta, ...] | None = None
    ttl: timedelta | None = None


def after(
    notification: Notification, outcome: Outcome, now: datetime, policy: Policy, patience: Patience = Patience(), *, elsewhere: bool = False
) -> Settled | Again:
    """Returns what to do now that a try has come to this. `notification` is as it was before the try.

    `patience` is that of its channel. `elsewhere`: the customer can be reached at another address than the one that was tried.
    """
    maybe_before = notification.sent_at is not None
    match outcome:
        case Delivered(detail):
            return Settled(Status.DELIVERED, Attempt(now, "delivered", "", detail), told=True)
        case Failed(_, detail) if elsewhere:
            return Again(now, Attempt(now, "retry", Trouble.ELSEWHERE, detail), told=maybe_before)
        case Failed(reason, detail):
            return Settled(Status.FAILED, Attempt(now, "failed", reason, detail), told=maybe_before)
        case Retry(_, reason, detail):
            told = maybe_before or outcome.uncertain
            at = next_try(notification, outcome, now, policy, patience)
            if at is None:
                return Settled(Status.FAILED, Attempt(now, "failed", Refusal.EXPIRED, f"{reason} {detail}".strip()), told)
            return Again(at, Attempt(now, "retry", reason, detail), told)


def expired(notification: Notification, now: datetime, policy: Policy, patience: Patience = Patience()) -> Settled | None:
    """Returns the last word about what waited for longer than its time to live; None while it may still be tried."""
    if now < notification.about_at + (patience.ttl or policy.ttl):
        return None
    return Settled(Status.FAILED, Attempt(now, "failed", Refusal.EXPIRED, ""), told=notification.sent_at is not None)


def next_try(notification: Notification, retry: Retry, now: datetime, policy: Policy, patience: Patience = Patience()) -> datetime | None:
    """Returns when to try again after a try that brought nothing; None when that would be beyond the time to live.

    `notification.attempts` are the tries before this one. A provider that asks for more time gets it.
    """
    if retry.reason is Trouble.PAUSED:
        pause: timedelta | None = retry.after
    elif patience.ladder is None:
        pause = _pause(notification, retry.reason, policy.retries)
    else:
        pause = _step(notification, patience.ladder)
    if pause is None:
        return None
    at = now + max(pause, retry.after or timedelta())
    return at if at < notification.about_at + (patience.ttl or policy.ttl) else None


def _step(notification: Notification, ladder: Sequence[timedelta]) -> timedelta | None:
    """Returns the pause of a channel that has a ladder of its own, give or take a tenth; None behind its end."""
    before = sum(attempt.outcome == "retry" and attempt.reason != Trouble.PAUSED for attempt in notification.attempts)
    return jittered(ladder[before], _key(notification)) if before < len(ladder) else None


def _key(notification: Notification) -> str:
    """Returns what spreads the pauses after this try, so that not all come at once."""
    return f"{notification.id}/{len(notification.attempts)}"


def _pause(notification: Notification, trouble: Trouble, retries: Retries) -> timedelta:
    before = notification.attempts
    row = _in_a_row(before, trouble)
    if trouble is Trouble.RELAY or (trouble is Trouble.UNREACHABLE and row < retries.unreachable_tries):
        # It is tried however long the relay refuses us: the circuit breaker lets few ask.
        return min(retries.unreachable_at_first * (1 << min(row, 20)), retries.unreachable_at_most)
    put_off = sum(attempt.reason in (Trouble.DEFERRED, Trouble.MALFORMED, Trouble.UNKNOWN) for attempt in before)
    step = put_off if trouble is not Trouble.UNREACHABLE else max(row - retries.unreachable_tries, 0)
    if step < len(retries.ladder):
        return retries.ladder[step]
    return retries.then_at_least + (retries.then_at_most - retries.then_at_least) * spread(_key(notification))


def _in_a_row(attempts: Sequence[Attempt], trouble: Trouble) -> int:
    """Returns how often in a row, up to now, it was this trouble."""
    return sum(1 for _ in takewhile(lambda attempt: attempt.reason == trouble, reversed(attempts)))
