"""Thirty days of a product with customers: a weekly rhythm, deploys, outages, components that flap, die or fall silent, one that grows
slow, a nightly export that stays away, another system's alert, and customers who complain."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from math import cos, log, pi

from services.monitor.aggregates.alerts import ALERT_REPORTED
from shared.events import ProductEvent, TicketOpened
from tests.builders import NOON, event

MINUTE, HOUR, DAY = 60, 3600, 86_400
DAYS = 30
COMPLAIN = 10 * HOUR  # seconds between two tickets about a component at the busiest moment of a week
BETWEEN = 40.0  # seconds between two requests at the busiest moment of a week
LIVELY = 8  # times as many around trouble, so that a small product has enough to be judged by
CUSTOMERS = 400
COMPONENTS = ("checkout", "search", "login", "billing")
USUAL = 0.004  # the share of requests that fail when all is well


@dataclass(frozen=True)
class Trouble:
    """Trouble of one component, in seconds since the month began."""

    component: str
    begins: float
    ends: float
    share: float = 0.5  # of its requests that fail
    customers: int = CUSTOMERS  # of so many; the others meet nothing
    flaps: float = 0.0  # seconds for which it is there and away by turns
    complaints: int = 0  # customers who write about it
    kind: str = "request"  # of the events that fail; slow: requests take long; export: it does not come; alert: another system says so

    def hits(self, at: float, number: int) -> bool:
        away = self.flaps and int((at - self.begins) // self.flaps) % 2
        return self.begins <= at < self.ends and not away and number < self.customers


def at(day: int, hour: float) -> float:
    """Returns the moment as seconds since the month began, which it does at noon."""
    return day * DAY + hour * HOUR


INJECTED = (
    Trouble("checkout", at(1, 3), at(1, 4)),
    Trouble("search", at(2, 20), at(2, 21.5), share=0.3),
    Trouble("login", at(4, 1), at(4, 2), share=0.9),
    Trouble("billing", at(5, 6), at(5, 8), kind="job"),
    Trouble("checkout", at(7, 22), at(7, 23), share=0.7),
    Trouble("search", at(9, 2), at(9, 3.5), kind="slow"),
    Trouble("login", at(11, 21), at(12, 0), share=0.35),
    Trouble("mail", at(13, 2), at(13, 3.5), kind="alert"),
    Trouble("checkout", at(15, 5), at(15, 6), share=1.0),
    Trouble("search", at(17, 1), at(17, 4), share=0.8, flaps=6 * MINUTE),  # it flaps: one incident
    Trouble("billing", at(20, 4), at(20, 6), share=1.0, customers=25, complaints=10, kind="job"),  # few meet it, and they write
    Trouble("export", at(22, 14), at(23, 14), kind="export"),
    Trouble("beta", at(25, 2), at(25, 4), share=0.9),
    Trouble("login", at(28, 3), at(28, 4), share=0.9),  # it dies: nothing more is heard of it
)
EXPORTED = 14  # hours after noon: the export ends every night
BETA = at(24, 20), at(25, 8)  # a component is tried out for half a day
SLOW = 8.0  # times as long as usual
DEPLOYS = [Trouble(component, at(day, 23), at(day, 23) + 2 * MINUTE) for day in range(0, DAYS, 3) for component in COMPONENTS]
SILENT = "search", at(21, 0), at(23, 0)  # its source says nothing for two days


def busy(seconds: float) -> float:
    """Returns how busy the moment of the week is: from 0.3 at night and 0.5 less at a weekend, to 1."""
    daily = 0.65 + 0.35 * cos(2 * pi * seconds / DAY)
    weekend = int(seconds // DAY) % 7 in (4, 5)
    return daily * (0.5 if weekend else 1.0)


def month(seed: int, troubles: Sequence[Trouble] = INJECTED) -> Iterator[ProductEvent]:
    """Yields the events in order of their times; the same seed tells the same month."""
    return merge(_traffic(seed, troubles), _tried_out(seed, troubles), _machines(seed, troubles), key=lambda each: each.time)


def _tried_out(seed: int, troubles: Sequence[Trouble]) -> Iterator[ProductEvent]:
    """Yields the requests to a component that lives for half a day only."""
    dice, (seconds, ends) = random.Random(seed + 3), BETA
    while (seconds := seconds + dice.expovariate(1 / 20)) < ends:
        failing = next((each for each in troubles if each.component == "beta" and each.hits(seconds, 0)), None)
        data = {"component": "beta", "ok": dice.random() >= (failing.share if failing else USUAL)}
        yield event(f"beta/{seconds}", subject=f"c-{dice.randrange(CUSTOMERS)}", at=_moment(seconds), data=data)


def _machines(seed: int, troubles: Sequence[Trouble]) -> Iterator[ProductEvent]:
    """Yields what no customer does: each night an export, but for one, and what another system says of its alerts."""
    dice = random.Random(seed + 1)
    said: list[tuple[float, str, dict[str, str]]] = [(at(day, EXPORTED) + dice.uniform(0, MINUTE), "export", {}) for day in range(DAYS)]
    for each in troubles:
        if each.kind == "export":
            said = [one for one in said if not each.begins <= one[0] < each.ends]
        elif each.kind == "alert":
            alert = {"key": each.component, "name": "MailQueueStuck", "starts_at": _moment(each.begins + MINUTE).isoformat()}
            said += [(each.begins + MINUTE, each.component, alert | {"status": "firing"})]
            said += [(each.ends, each.component, alert | {"status": "resolved", "ends_at": _moment(each.ends).isoformat()})]
    for seconds, component, alert in sorted(said, key=lambda one: one[0]):
        type_ = ALERT_REPORTED if alert else "com.example.exported"
        yield event(f"{component}/{seconds}", subject=None, at=_moment(seconds), type_=type_, data={"component": component, **alert})


def _moment(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def written(seed: int, troubles: Sequence[Trouble] = INJECTED) -> Iterator[TicketOpened]:
    """Yields the tickets in order of their times: some about each component whatever happens, and those about troubles."""
    dice, times = random.Random(seed + 4), list[tuple[float, str, str]]()
    for component in COMPONENTS:
        seconds = 0.0
        while (seconds := seconds + dice.expovariate(busy(seconds) / COMPLAIN)) < DAYS * DAY:
            times.append((seconds, component, f"c-{dice.randrange(CUSTOMERS)}"))
    for each in troubles:
        times += [(each.begins + dice.uniform(5 * MINUTE, 35 * MINUTE), each.component, f"w-{number}") for number in range(each.complaints)]
    for number, (seconds, component, customer) in enumerate(sorted(times), 1):
        data = TicketOpened.Data(
            ticket_id=f"t-{number}",
            number=number,
            customer_id=customer,
            channel="form",
            subject="It does not work",
            component=component,
            priority="normal",
            opened_at=_moment(seconds),
        )
        yield TicketOpened.of(data, subject=data.ticket_id, at=data.opened_at)


def _traffic(seed: int, troubles: Sequence[Trouble]) -> Iterator[ProductEvent]:
    """Yields what customers do."""
    dice, seconds, number = random.Random(seed), 0.0, 0
    stopwatch = random.Random(seed + 2)
    every = [*(each for each in troubles if each.component in COMPONENTS), *DEPLOYS]
    component, silent_from, silent_to = SILENT
    died = troubles[-1]
    while seconds < DAYS * DAY:
        lively = any(each.begins - HOUR <= seconds < each.ends + 2 * HOUR for each in every[: -len(DEPLOYS)])
        seconds += dice.expovariate(busy(seconds) / (BETWEEN / LIVELY if lively else BETWEEN))
        of, customer = dice.choice(COMPONENTS), dice.randrange(CUSTOMERS)
        if (of == component and silent_from <= seconds < silent_to) or (of == died.component and seconds >= died.ends):
            continue
        kind = "job" if of == "billing" and dice.random() < 0.5 else "request"
        hit = next((each for each in every if each.component == of and each.kind in (kind, "slow") and each.hits(seconds, customer)), None)
        slow = hit is not None and hit.kind == "slow"
        ok = dice.random() >= (hit.share if hit and not slow else USUAL)
        latency = round(stopwatch.lognormvariate(log(120), 0.5) * (SLOW if slow else 1.0), 1)
        number += 1
        data = {"component": of, "ok": ok, "latency_ms": latency}
        yield event(str(number), subject=f"c-{customer}", at=_moment(seconds), type_=f"com.example.{kind}", data=data)
