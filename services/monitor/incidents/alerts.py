"""The alerts of one component decide about its incident: the first that fires opens it, the last that ends resolves it. Pure.

What is known of an alert only grows, and how it grows does not depend on the order (a join semilattice): alerts that come twice, late, or
end before they begin come to the same.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from services.monitor.incidents.life import Changed, Decision, IncidentRow, Opened, Resolved, moment
from services.monitor.rules.alert import AlertRule
from shared.events import FoldedAlert, identity
from shared.events.lines import cut

KEPT = 300  # alerts of one component and rule that are known: those that ended longest ago are forgotten first
KEPT_FOR = timedelta(days=30).total_seconds()  # how long an ended one is known: what comes again of it until then opens nothing
ANEW = timedelta(minutes=4).total_seconds()  # said to fire longer after it was said to have ended, an alert fires again
SHOWN = 10  # alerts that an incident's `why` names
NAME, SUMMARY, LINK = 100, 300, 500  # characters that are kept; a longer link is left out


class Alert(msgspec.Struct, array_like=True, frozen=True):
    """All that was said of one alert. Times are seconds since the epoch; 0: not said. Fields are added at the end, with a default."""

    key: str
    starts_at: float
    ends_at: float = 0.0
    fired_at: float = 0.0  # when it was last said to fire
    ended_at: float = 0.0  # when it was last said to have ended
    words: tuple[str, str, str, str] = ("", "", "", "")  # name, severity, summary and link

    @property
    def which(self) -> tuple[str, float]:
        return self.key, self.starts_at

    @property
    def fires(self) -> bool:
        """Says whether it fires. The end counts, also when the beginning comes after it, but for what is said long after."""
        return self.fired_at > self.ended_at + ANEW if self.ended_at else self.fired_at > 0

    @property
    def since(self) -> float:
        """Returns since when it fires, or fired; one that ended and fires again, with the same start, since its end."""
        return self.ends_at if self.fires and self.ended_at else self.starts_at

    def joined(self, other: "Alert") -> "Alert":
        """Returns what both say together."""
        return Alert(
            *self.which,
            max(self.ends_at, other.ends_at),
            max(self.fired_at, other.fired_at),
            max(self.ended_at, other.ended_at),
            max(self.words, other.words),
        )


class Alerts(msgspec.Struct, array_like=True, frozen=True):
    """The alerts of one component as one rule knows them, and its incident. Fields are added at the end, with a default."""

    known: tuple[Alert, ...] = ()
    incident_id: str | None = None  # of the open incident
    started_at: float = 0.0  # of that incident
    settled_to: float = 0.0  # when a person ended the last incident: alerts since before then decide nothing more


def said(folded: FoldedAlert) -> Alert:
    """Returns what one report says of its alert."""
    link = folded.url if folded.url and len(folded.url) <= LINK else ""
    words = cut(folded.name, NAME), cut(folded.severity or "", NAME), cut(folded.summary or "", SUMMARY), link
    if folded.ends_at is None:
        return Alert(folded.key, folded.starts_at, fired_at=folded.said_at, words=words)
    return Alert(folded.key, folded.starts_at, ends_at=max(folded.ends_at, folded.starts_at), ended_at=folded.said_at, words=words)


def joined(known: Iterable[Alert], more: Iterable[Alert]) -> tuple[Alert, ...]:
    """Returns all alerts that either knows, in the order of their start."""
    by_which: dict[tuple[str, float], Alert] = {}
    for each in (*known, *more):
        found = by_which.get(each.which)
        by_which[each.which] = each if found is None else found.joined(each)
    return tuple(sorted(by_which.values(), key=lambda each: (each.starts_at, each.key)))


def kept(known: Sequence[Alert], now: float) -> tuple[Alert, ...]:
    """Returns those that are kept: the ended ones for a time, and `KEPT` at most. Of too many the ended go first, then the others.

    Of either those go first that were said longest ago.
    """
    recent = [each for each in known if each.fires or now - max(each.ended_at, each.fired_at) <= KEPT_FOR]
    if len(recent) > KEPT:
        recent.sort(key=lambda each: (each.fires, max(each.ended_at, each.fired_at), each.starts_at, each.key))
        recent = sorted(recent[-KEPT:], key=lambda each: (each.starts_at, each.key))
    return tuple(recent)


def step(rule: AlertRule, component: str, alerts: Alerts, folded: FoldedAlert, now: float) -> tuple[Alerts, Decision | None]:
    """Decides what one report means. `now`: the wall clock, seconds since the epoch; an alert from a clock that is ahead starts now."""
    fired = firing_of(alerts)
    alerts = replace(alerts, known=kept(joined(alerts.known, [said(folded)]), now))
    firing = firing_of(alerts)
    if alerts.incident_id is None:
        return _opened(rule, component, alerts, firing, now) if firing else (alerts, None)
    if firing:
        changed = [each.which for each in firing] != [each.which for each in fired]
        return alerts, Changed(alerts.incident_id, why_of(rule, firing)) if changed else None
    last_end = max((each.ends_at for each in alerts.known if each.since > alerts.settled_to), default=now)
    resolved_at = max(min(last_end, now), alerts.started_at)
    resolved = Resolved(alerts.incident_id, resolved_at, resolved_at, why_of(rule, []))
    return replace(alerts, incident_id=None, started_at=0.0), resolved


def not_opened(alerts: Alerts) -> Alerts:
    """Returns the alerts whose incident was not opened."""
    return replace(alerts, incident_id=None, started_at=0.0)


def belonging(alerts: Alerts, incident_id: str) -> Alerts:
    """Returns the alerts that joined an incident which is open."""
    return replace(alerts, incident_id=incident_id)


def look(rule: AlertRule, component: str, alerts: Alerts, now: float) -> tuple[Alerts, Decision | None]:
    """Decides what it means that time has passed: alerts that fire although nothing was opened do so now."""
    firing = firing_of(alerts)
    return _opened(rule, component, alerts, firing, now) if firing and alerts.incident_id is None else (alerts, None)


def firing_of(alerts: Alerts) -> list[Alert]:
    """Returns the alerts that fire, and began after a person ended the incident before, the earliest first."""
    return [each for each in alerts.known if each.fires and each.since > alerts.settled_to]


def waits(alerts: Alerts) -> bool:
    """Says whether alerts fire although no incident is open: what a person ended does not."""
    return alerts.incident_id is None and bool(firing_of(alerts))


def _opened(rule: AlertRule, component: str, alerts: Alerts, firing: Sequence[Alert], now: float) -> tuple[Alerts, Decision]:
    """Opens the incident. The same trouble has the same id, whoever finds it and however often: that of its first alert and its beginning.

    Under a rule that has changed it is another incident, since that of the rule before was withdrawn.
    """
    first = min(firing, key=lambda each: (each.since, each.key))
    incident_id = identity("incident", rule.id, rule.fingerprint, component, first.key, first.since)
    started_at = min(first.since, now)
    return replace(alerts, incident_id=incident_id, started_at=started_at), Opened(incident_id, started_at, why_of(rule, firing))


def ended(alerts: Alerts, row: IncidentRow) -> Alerts:
    """Returns the alerts after a person ended their incident: only one that begins later may open another.

    An incident that alerts have ended is met again in a replay when what was known of them is lost. They end it once more.
    One that was merged has ended with the other (`row`), however that ended.
    """
    if row.ended_at is None or (row.ended_by is None and row.id == alerts.incident_id):
        return alerts
    return replace(alerts, incident_id=None, started_at=0.0, settled_to=max(alerts.settled_to, row.ended_at.timestamp()))


def why_of(rule: AlertRule, firing: Sequence[Alert]) -> dict[str, Any]:
    """Returns the alerts that fire, named for people, the earliest first, and by which version of the rule; of many the first `SHOWN`."""
    shown = [
        {
            "name": name or "without a name",
            "since": moment(each.since).isoformat(timespec="seconds"),
            **{word: text for word, text in (("severity", severity), ("summary", summary), ("url", url)) if text},
        }
        for each in firing[:SHOWN]
        for name, severity, summary, url in (each.words,)
    ]
    figures = {"firing": len(firing), "alerts": shown, "opens_at": {"firing": 1}, "resolves_below": {"firing": 1}}
    return figures | {"rule_version": rule.version}
