"""What an operator typed into the form becomes what monitor is asked, or a sentence that says what is wrong. Pure."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

FIELDS = ("title", "text", "components", "used_within_days", "tiers", "starts_at", "ends_at", "zone", "repeat")
DAYS = re.compile(r"[1-9]\d{0,2}", re.ASCII)
EMPTY: dict[str, str] = dict.fromkeys(FIELDS, "") | {"used_within_days": "14", "zone": "UTC"}


def body_of(typed: Mapping[str, str]) -> dict[str, Any] | str:
    """Returns the body of the request, or what is wrong. Times are those of the zone that was typed."""
    try:
        zone = ZoneInfo(typed["zone"].strip())
    except (ValueError, OSError, LookupError):
        return "There is no such zone: IANA names them, as in Europe/Berlin."
    moments = [_moment(typed[name], zone) for name in ("starts_at", "ends_at")]
    if None in moments:
        return "Say when it begins and when it ends, each with a date and a time."
    if not DAYS.fullmatch(typed["used_within_days"].strip()):
        return "Say in how many days, 1 to 999, a customer must have used it to be told."
    tiers = _listed(typed["tiers"])
    audience = {"where": {"tier": tiers}} if tiers else {"used_within": f"{typed['used_within_days'].strip()}d"}
    starts_at, ends_at = (None if each is None else each.isoformat() for each in moments)
    return {
        "title": typed["title"],
        "text": typed["text"].replace("\r\n", "\n"),
        "components": _listed(typed["components"]),
        "audience": audience,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "zone": zone.key,
        "repeat": typed["repeat"].strip() or None,
    }


def _moment(said: str, zone: ZoneInfo) -> datetime | None:
    """Returns the moment; None when it is none. Browsers send a date and a time of day without a zone."""
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _listed(said: str) -> list[str]:
    return [each.strip() for each in said.split(",") if each.strip()]
