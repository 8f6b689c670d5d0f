"""The relays that mails can go through: each has its weight and its circuit breaker, and what one does not take goes to another.

A message has an order of relays of its own, which its id alone decides (rendezvous hashing): every try of it, in any process, begins
with the same one, so that a server which put it off sees it again, and one that may have it can tell that it is the same.
"""

import logging
import math
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import get_args
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import xxhash

from services.notifier.channels.breaker import Breaker
from services.notifier.channels.email.connections import Connections, Tls
from services.notifier.channels.outcome import Delivered, Outcome, Refusal, Retry, Trouble

log = logging.getLogger(__name__)

TLS: dict[str, Tls] = {tls: tls for tls in get_args(Tls)}
PORTS = {"smtp": 25, "smtps": 465}
MOST = 20  # relays
HEAVIEST = 1000  # a relay's weight
UNTAKEN: tuple[Trouble | Refusal, ...] = (Trouble.UNREACHABLE, Trouble.RELAY, Refusal.UNSUPPORTED)  # the best hope first
REMEMBERED = 10_000  # messages with an unknown outcome, and the relay that each may have gone through


@dataclass(frozen=True, slots=True)
class Relay:
    """A mail server that takes our mail to anybody."""

    host: str
    port: int
    tls: Tls = "none"
    username: str = ""
    password: str = field(default="", repr=False)
    weight: int = 1

    @property
    def name(self) -> str:
        return f"{self.host}:{self.port}"


def relays_of(urls: str) -> tuple[Relay, ...]:
    """Returns the relays that URLs with spaces between them name: `smtp://user:password@host:port?weight=3&tls=starttls`, or `smtps://…`.

    `smtp` is STARTTLS unless `tls=none` says otherwise. Raises ValueError, which names a relay by its place and shows nothing of it.
    """
    found = tuple(_relay_of(url, place) for place, url in enumerate(urls.split(), start=1))
    if len({each.name for each in found}) < len(found):
        raise ValueError("two of the relays are one: each has its host and port only once")
    if len(found) > MOST:
        raise ValueError(f"there are more than {MOST} relays")
    return found


def _relay_of(url: str, place: int) -> Relay:
    try:
        parts = urlsplit(url)
        said = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
        port = parts.port or PORTS[parts.scheme]
        weight = int(said.pop("weight", "1"))
    except (ValueError, KeyError):
        raise ValueError(f"relay {place} is no smtp:// or smtps:// URL with a weight in whole numbers") from None
    tls = TLS.get("tls" if parts.scheme == "smtps" else said.pop("tls", "starttls"))
    if said or parts.path.strip("/") or parts.fragment or not parts.hostname:
        raise ValueError(f"relay {place} has something other than user, password, host, port, weight and tls, or no host")
    if tls is None or not 1 <= weight <= HEAVIEST:
        raise ValueError(f"relay {place}: tls is none or starttls, and weight is from 1 to {HEAVIEST}")
    username, password = _login_of(parts, place)
    return Relay(parts.hostname, port, tls, username, password, weight)


def _login_of(parts: SplitResult, place: int) -> tuple[str, str]:
    username, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(username) != bool(password):
        raise ValueError(f"relay {place} has a user without a password, or the other way round; write : / @ and spaces as %3A %2F %40 %20")
    return username, password


@dataclass(frozen=True, slots=True, eq=False)
class Outlet:
    """A relay, the connections to it and its circuit breaker."""

    name: str
    connections: Connections
    breaker: Breaker
    weight: int = 1


class Outlets:
    """Chooses the relay that a message goes through. `clock` is any that runs on evenly: breakers wait by it."""

    def __init__(self, outlets: Sequence[Outlet], clock: Callable[[], datetime]) -> None:
        self._outlets, self._clock = tuple(outlets), clock
        self._may_have: OrderedDict[str, Outlet] = OrderedDict()  # by a message's id

    def __len__(self) -> int:
        return len(self._outlets)

    def __iter__(self) -> Iterator[Outlet]:
        return iter(self._outlets)

    def choose(self, message_id: str, tried: Collection[Outlet], now: datetime) -> Outlet | None:
        """Returns the relay for this message that is not among the tried; None when no other lets us in.

        When none lets us in at all, each is asked: whether to ask any, `channels/breaker.py` decides for all mail.
        """
        left = [outlet for outlet in self.ranked(message_id) if outlet not in tried]
        if message_id not in self._may_have:
            left.sort(key=lambda outlet: not outlet.connections.has_room)  # `sort` leaves equals in their order
        let_in = next((outlet for outlet in left if outlet.breaker.wait_until(now) is None), None)
        if let_in is None and left and all(outlet.breaker.is_open for outlet in self._outlets):
            return left[0]
        return let_in

    def ranked(self, message_id: str) -> list[Outlet]:
        """Returns all relays, the one that may have the message first, and the others in the message's own order."""
        if len(self._outlets) == 1:
            return list(self._outlets)
        may_have = self._may_have.get(message_id)
        return sorted(self._outlets, key=lambda outlet: (outlet is may_have, _score(message_id, outlet)), reverse=True)

    def now(self) -> datetime:
        return self._clock()

    def learn(self, outlet: Outlet, message_id: str, outcome: Outcome, began: datetime) -> None:
        """Tells the relay's breaker, for which being away is as bad as refusing us, and remembers who may have the message."""
        self._may_have.pop(message_id, None)
        if isinstance(outcome, Retry) and outcome.uncertain:
            self._may_have[message_id] = outlet
            if len(self._may_have) > REMEMBERED:
                self._may_have.popitem(last=False)
        if len(self._outlets) == 1:
            return
        was_open = outlet.breaker.is_open
        away = isinstance(outcome, Retry) and outcome.reason is Trouble.UNREACHABLE
        outlet.breaker.learn(Retry(None, Trouble.RELAY) if away else outcome, began)
        if outlet.breaker.is_open and not was_open:
            log.warning("mails go past the mail server %s: %s", outlet.name, getattr(outcome, "detail", ""))
        elif was_open and not outlet.breaker.is_open:
            log.warning("mails go through the mail server %s again", outlet.name)


def _score(message_id: str, outlet: Outlet) -> float:
    """Returns the place in a message's order: over all messages, each relay comes first as often as its weight says."""
    unit = (xxhash.xxh3_64_intdigest(f"{outlet.name}/{message_id}".encode()) + 1) / (2**64 + 1)
    return math.log(unit) / outlet.weight


def may_go_elsewhere(outcome: Outcome) -> bool:
    """Says whether the relay has not taken the message, and another may."""
    return not isinstance(outcome, Delivered) and outcome.reason in UNTAKEN


def of_both(first: Outcome, second: Outcome) -> Outcome:
    """Returns the outcome of a message that one relay did not take, after another was asked: the relays refuse us only if all do."""
    if isinstance(first, Delivered) or isinstance(second, Delivered) or second.reason not in UNTAKEN:
        return second
    return min(first, second, key=lambda outcome: UNTAKEN.index(outcome.reason))
