"""Locales of customers: which words they read when there are none in their own, and how moments and numbers are written there. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_time, get_timezone_gmt, get_timezone_name
from babel.numbers import format_decimal

Width = Literal["short", "medium", "long", "full"]
WIDTHS: tuple[Width, ...] = ("short", "medium", "long", "full")  # of CLDR: 24.11.26, 24.11.2026, 24. November 2026, Dienstag, 24. …
ROOT = "en"  # where no locale is known, or one that CLDR has not


@lru_cache(1024)
def chain(locale: str, default: str) -> tuple[str, ...]:
    """Returns the locales whose words a customer reads, the best first: the own one, its language, the default and its language."""
    tags = [part for each in (_tag(locale), _tag(default)) for part in (each, each.partition("-")[0])]
    return tuple(dict.fromkeys(tags))


def is_locale(tag: str) -> bool:
    """Says whether it is a locale as CLDR has it, written as in BCP 47: `de`, `de-AT`, `zh-Hant-TW`."""
    return _known(tag) is not None and _tag(tag) == tag


def language(tag: str) -> str:
    """Returns the language of a locale."""
    return tag.partition("-")[0]


def _tag(said: str) -> str:
    known = _known(said)
    return str(known).replace("_", "-") if known else ROOT


@lru_cache(1024)
def _known(said: str) -> Locale | None:
    if len(said) > 35:  # RFC 5646, 4.4.1
        return None
    try:
        return Locale.parse(said.replace("_", "-"), sep="-")
    except (ValueError, UnknownLocaleError, TypeError):
        return None


# ── moments and numbers ──────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment as a customer's calendar and clock show it; in a text it is the time of day with the zone's short name."""

    at: datetime
    timezone: str
    locale: str

    def __str__(self) -> str:
        return time_of_day(self.at, self.timezone, self.locale)

    def date(self, width: Width = "long") -> str:
        return _written("date", width, self)

    def time(self, width: Width = "short") -> str:
        return _written("time", width, self)

    def datetime(self, width: Width = "short") -> str:
        return _written("datetime", width, self)


@lru_cache(4096)
def time_of_day(moment: datetime, timezone: str, locale: str) -> str:
    """Returns the time of day with the zone's short name. In plain English, which says nothing of a region, it is the 24-hour clock."""
    local = moment.astimezone(zone_of(moment, timezone))
    if _tag(locale) == ROOT:
        return f"{local:%H:%M %Z}"
    known = _known(locale)
    return f"{format_time(local, 'short', tzinfo=local.tzinfo, locale=known)} {_zone_name(local, known)}"


def _zone_name(local: datetime, locale: Locale | None) -> str:
    """Returns the zone's short name in the locale, else the one that the zone has itself, else its distance from UTC."""
    said = get_timezone_name(local, width="short", locale=locale)
    if said[:1] not in "+-":
        return said
    own = local.tzname() or ""
    return own if own.isalpha() else get_timezone_gmt(local, width="long", locale=locale)


@lru_cache(4096)
def _written(what: str, width: Width, moment: Moment) -> str:
    zone, locale = zone_of(moment.at, moment.timezone), _known(moment.locale) or ROOT
    match what:
        case "date":
            return format_date(moment.at.astimezone(zone), width, locale=locale)
        case "time":
            return format_time(moment.at, width, tzinfo=zone, locale=locale)
    return format_datetime(moment.at, width, tzinfo=zone, locale=locale)


@lru_cache(4096)
def number(value: int, locale: str) -> str:
    """Returns the number with the locale's separators."""
    return format_decimal(value, locale=_known(locale) or ROOT)


def zone_of(moment: datetime, timezone: str) -> tzinfo:
    """Returns the customer's zone; UTC where there is no such zone, or its clock cannot show the moment."""
    try:
        zone = ZoneInfo(timezone)
        moment.astimezone(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError, OverflowError):  # no such zone; or before year 1 there, or after 9999
        return UTC
    return zone
