"""Says what an answer means for a message, and when the next try is made. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from services.notifier.channels.outcome import Delivered, Failed, Outcome, Refusal, Retry, Trouble
from shared.webhooks.calling import Answer, NoAnswer
from shared.webhooks.retrying import PAUSES, SPREAD, jittered, spread

TTL = sum(PAUSES, timedelta())
LONGEST_WAIT = timedelta(days=30)  # that is read out of a Retry-After: longer than any time to live
GONE = 410


def outcome_of(said: Answer | NoAnswer, key: str, now: datetime) -> Outcome:
    """Returns what came of a try. Any 2xx is taken; a redirect is followed by nobody. `key` spreads the pauses, the same for each run."""
    match said:
        case NoAnswer(why, sent):
            return Retry(None, Trouble.UNKNOWN if sent else Trouble.UNREACHABLE, why)
        case Answer() if said.taken:
            return Delivered(str(said.status))
        case Answer(status) if status == GONE:
            return Failed(Refusal.REFUSED, str(status))
    asked = retry_after(said.headers, now)
    return Retry(None if asked is None else later(asked, key), Trouble.DEFERRED, str(said.status))


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Returns how long the receiver asks us to wait (RFC 9110, 10.2.3): seconds or a date; None when it does not say, or not so."""
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return timedelta(seconds=min(int(said[:9]) if len(said) < 10 else LONGEST_WAIT.total_seconds(), LONGEST_WAIT.total_seconds()))
    try:
        moment = parsedate_to_datetime(said)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(moment - now, timedelta()), LONGEST_WAIT)


def later(asked: timedelta, key: str) -> timedelta:
    """Returns a pause of what was asked for or a little more, so that not all come back at once, and none too early."""
    return asked * (1 + SPREAD * spread(key))


def pause(step: int, key: str) -> timedelta | None:
    """Returns the pause after so many tries of one message, from 1 on, with its jitter; None: there is no further one."""
    return jittered(PAUSES[step - 1], f"{key}/{step}") if step <= len(PAUSES) else None
