"""Is a hook that takes requests: it judges who sent one, and makes of what it says the events for Kafka. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from services.monitor.aggregates.alerts import NAME, Alert, alert_event
from services.monitor.fold.keying import key_of
from services.monitor.sources.hooks.bodies import decoded, follow, unpacked
from services.monitor.sources.hooks.memory import Fired, recalled
from services.monitor.sources.hooks.model import Hook
from services.monitor.sources.hooks.registry import KINDS
from services.monitor.sources.hooks.said import Happened, Paths, Reported, Said
from services.monitor.sources.hooks.signatures import Headers, Secrets, Unsigned, Verdict
from shared.cloudevents import FACT_HEADERS, MAX_BYTES, Reason, Undecodable, read_event, write_event
from shared.events import ProductEvent, Topic
from shared.mapping.model import Place
from shared.mapping.turning import Misfit, Ready, Refused, Turning

TOLERANCE = timedelta(minutes=5)  # that a signature counts for, and that two clocks may differ by
NOWHERE = Place(frozenset(), (), ())


@dataclass(frozen=True, slots=True)
class Made:
    """Is what becomes of a request: events for Kafka, what is left out by reason, what is refused, and which alerts are to be known."""

    ready: list[Ready] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    refused: list[Refused] = field(default_factory=list)
    fired: dict[str, Fired] = field(default_factory=dict)


class OpenHook:
    """Is a hook of sources.yml with its secret."""

    def __init__(self, hook: Hook, secrets: Secrets) -> None:
        kind = KINDS[hook.kind]
        self.name, self._map, self._secrets = hook.name, hook.map, secrets
        self._check, self._read = kind.check(hook), kind.read(hook)
        texts = Turning(lambda row: row.now, [], NOWHERE, follow)
        component, customer = hook.component or kind.component, hook.customer or kind.customer
        self._component = texts.text_of(component) if component else None
        self._customer = texts.text_of(customer) if customer else None

    def judge(self, headers: Headers, raw: bytes) -> Verdict:
        """Returns whether who sent this holds the secret; when a signature is too old, `fresh` says."""
        return self._check(self._secrets, headers, raw)

    def read(self, headers: Headers, raw: bytes, now: datetime) -> Said:
        """Returns what a request says. Raises Undecodable."""
        body = unpacked(raw, headers.get("content-encoding", ""))
        return self._read(decoded(body), headers, body, now)

    def made(self, said: Said, now: datetime, fired: Mapping[str, Fired] = MappingProxyType({})) -> Made:
        """Returns the events of what was said. An alert that cannot be one is left out alone; anything else that cannot is refused.

        `fired`: what is known of the alerts that are recalled, by their keys.
        """
        made = Made(left_out=Counter(said.left_out), fired={**fired})
        for each in said.what:
            match each:
                case Ready():
                    made.ready.append(each)
                case Refused():
                    made.refused.append(each)
                case Reported():
                    self._alert(each, made, now)
                case Happened():
                    self._happened(each, made, now)
        return made

    def _alert(self, reported: Reported, made: Made, now: datetime) -> None:
        fired = made.fired.get(reported.key) if reported.is_recalled else None
        try:
            component = self._component_of(reported.paths) or (fired.component if fired else None)
            if component is None:
                made.left_out["no_component"] += 1
                return
            customer = self._customer(reported.paths) if self._customer else None
            alert = _alert(reported, component, now)
            if reported.is_recalled:
                alert, fired = recalled(alert, fired)
            made.ready.append(_ready(alert_event(alert, self.name, customer), now))
            if fired:
                made.fired[reported.key] = fired
        except (Undecodable, Misfit) as error:
            made.left_out[error.reason] += 1

    def _happened(self, event: Happened, made: Made, now: datetime) -> None:
        try:
            component = self._component_of(event.paths)
            customer = self._customer(event.paths) if self._customer else None
            made.ready.append(_ready(_event(event, self.name, component, customer or event.subject), now))
        except Undecodable as error:
            made.refused.append(Refused(error.reason, error.detail, error.detail))
        except Misfit as error:
            made.refused.append(Refused(error.reason, error.where, error.where))

    def _component_of(self, paths: Paths) -> str | None:
        said = self._component(paths) if self._component else None
        return self._map.get(said, said) if said and len(said) <= NAME else None


def fresh(at: datetime | None, now: datetime) -> Unsigned | None:
    """Returns why a signature of that moment no longer counts; None when it does."""
    if at is None or abs(now - at) <= TOLERANCE:
        return None
    return Unsigned(f"it was signed more than {TOLERANCE.total_seconds():.0f} s from now")


def _alert(alert: Reported, component: str, now: datetime) -> Alert:
    """Returns the alert; of what its system does not say, that it was now. Raises Undecodable."""
    ends_at = _utc(alert.ends_at or now) if alert.status == "resolved" else None
    return Alert(
        component=component,
        key=alert.key,
        name=alert.name[:NAME],
        status=alert.status,
        starts_at=_utc(alert.starts_at or ends_at or now),
        ends_at=ends_at,
        severity=alert.severity,
        summary=alert.summary,
        url=alert.url,
        labels=alert.labels,
    )


def _event(event: Happened, hook: str, component: str | None, subject: str | None) -> ProductEvent:
    data = {**event.data, **({"component": component} if component else {})}
    return ProductEvent(
        id=event.id, source=f"/hooks/{hook}", type=event.type, time=_utc(event.time), specversion="1.0", subject=subject, data=data
    )


def _utc(moment: datetime) -> datetime:
    """Returns the moment in UTC. Raises Undecodable for one at the ends of the calendar."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise Undecodable(Reason.ABSURD_TIME, "a moment beyond the calendar") from None


def _ready(event: ProductEvent, now: datetime) -> Ready:
    """Returns the event as Kafka takes it, read as its readers will. Raises Undecodable."""
    value = write_event(event)
    if len(value) > MAX_BYTES:
        raise Undecodable(Reason.TOO_LARGE, f"{len(value)} bytes")
    read_event(value, FACT_HEADERS, now)
    return Ready(event.time, Topic.PRODUCT_EVENTS, key_of(event).encode(), value)
