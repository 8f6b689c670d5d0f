"""What notifier says of a channel becomes words and a chart; a version of notifier that says less leaves gaps. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup

from services.console.frame.charts import hourly
from services.console.frame.words import counted, number

HOURS = 24
COUNTS = ("sent", "accepted", "unknown", "complained")
BY_REASON = ("failed", "bounced", "suppressed")
# What a channel did in an hour, as its bars are named, by what notifier calls it.
BARS = {"accepted": "accepted", "failed": "refused", "bounced": "came back"}


def channel(said: Mapping[str, Any], limits: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Returns what is shown of one channel."""
    breaker = said.get("breaker")
    return {
        "name": _text(said, "channel"),
        "level": _text(said, "level") or "unknown",
        "why": paused_for(said, limits),
        "by": _text(said, "paused_by"),
        "reason": _text(said, "paused_for"),
        **{name: moment(said.get(name)) for name in ("paused_at", "resumed_at", "judged_at")},
        "resumed_by": _text(said, "resumed_by"),
        "breaker": {name: moment(breaker.get(name)) for name in ("since", "next_probe_at")} if isinstance(breaker, Mapping) else None,
        "waiting": _count(said, "waiting"),
        "periods": [(words, figures(said.get(name))) for words, name in (("the last hour", "hour"), ("the last day", "day"))],
        "chart": _chart(said, now),
    }


def paused_for(said: Mapping[str, Any], limits: Mapping[str, Any]) -> str:
    """Returns what there is too much of, against its limit; empty while the channel is well."""
    cause, level = said.get("cause"), said.get("level")
    if level not in ("pause", "warn") or cause not in ("bounces", "complaints"):
        return ""
    came_back = _count(said, "bounced" if cause == "bounces" else "complained")
    sent, limit = _count(said, "sent"), limits.get(f"{cause}_{level}")
    what = "came back for good" if cause == "bounces" else "were called spam"
    share = f" ({number(100 * came_back / sent, 2)} %)" if sent else ""
    most = f"; the limit is {number(100 * limit, 2)} %" if isinstance(limit, int | float) else ""
    return f"Of {counted(sent, 'message')} {number(came_back)}{share} {what}{most}."


def figures(said: object) -> dict[str, Any]:
    """Returns the counts of one period, those by reason with the most frequent first."""
    of = said if isinstance(said, Mapping) else {}
    return {**{name: _count(of, name) for name in COUNTS}, **{name: by_reason(of.get(name)) for name in BY_REASON}}


def by_reason(said: object) -> list[tuple[str, int]]:
    """Returns counts by reason, the most frequent first."""
    counts = said.items() if isinstance(said, Mapping) else ()
    return sorted(((str(reason), many) for reason, many in counts if isinstance(many, int)), key=lambda each: (-each[1], each[0]))


def reasons(said: object) -> list[tuple[str, int, int]]:
    """Returns why nobody was told: each reason with its counts of the last hour and the last day."""
    of = said if isinstance(said, Mapping) else {}
    hour = dict(by_reason(of.get("hour")))
    return [(reason, hour.get(reason, 0), many) for reason, many in by_reason(of.get("day"))]


def mark(said: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what is shown of one mark on an address: the address in part."""
    names = ("id", "customer_id", "masked", "detail", "said_by", "notification_id")
    return {**{name: _text(said, name) for name in names}, "since": moment(said.get("since"))}


def endpoint(said: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what is shown of one endpoint: of its URL the host, since the path may be a secret."""
    shown = {name: _text(said, name) for name in ("id", "customer_id", "disabled_why", "last_failure")}
    moments = {name: moment(said.get(name)) for name in ("disabled_at", "failing_since")}
    return {**shown, **moments, "host": urlsplit(_text(said, "url")).hostname or "", "failures": _count(said, "failures")}


def listed(said: Mapping[str, Any], name: str = "items") -> Sequence[Mapping[str, Any]]:
    """Returns the objects of a list in an answer."""
    found = said.get(name)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def moment(said: object) -> datetime | None:
    """Returns the moment that ISO 8601 says; None for what says none."""
    try:
        return datetime.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        return None


def _chart(said: Mapping[str, Any], now: datetime) -> Markup:
    known = {moment(each.get("at")): each for each in listed(said, "hours")}
    this = now.replace(minute=0, second=0, microsecond=0)
    hours = [this - timedelta(hours=back) for back in reversed(range(HOURS))]
    points = {words: [(at, float(_count(known.get(at, {}), name))) for at in hours] for name, words in BARS.items()}
    title = f"{_text(said, 'channel')}: messages per hour"
    return hourly(points if known else dict.fromkeys(points, ()), title)


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    return value if isinstance(value, str) else ""


def _count(said: Mapping[str, Any], name: str) -> int:
    value = said.get(name)
    return value if isinstance(value, int) else 0
