"""Reads the webhooks of Sentry's integration platform: errors, and alerts on issues and on metrics. Pure.

https://docs.sentry.io/integrations/integration-platform/webhooks/
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from services.monitor.aggregates.alerts import AlertStatus
from services.monitor.sources.hooks.bodies import first_of, moment
from services.monitor.sources.hooks.model import Signature
from services.monitor.sources.hooks.said import Happened, Reported, Said, usual
from services.monitor.sources.hooks.signatures import Headers, by_signature
from shared.cloudevents import Reason, Undecodable

# The header of the moment is not signed, so that it proves nothing: an old request, sent again, says what it said.
CHECK = by_signature(Signature(header="Sentry-Hook-Signature"))
COMPONENT = ("{tags.component}", "{tags.service}", "{project}")
TAGS, TEXT = 32, 300  # tags, and characters of one or of another text

ISSUE_ENDS = frozenset({"resolved", "ignored", "archived"})
METRIC: dict[str, AlertStatus] = {"critical": "firing", "warning": "firing", "open": "firing", "resolved": "resolved"}


def read(said: Any, headers: Headers, body: bytes, now: datetime) -> Said:  # noqa: ARG001  a Read
    """Returns the error or alert; what else Sentry tells, such as comments and installations, is left out."""
    resource = headers.get("sentry-hook-resource", "")
    reader = RESOURCES.get(resource)
    found = reader(_object(said, "data"), _text(said, "action")) if reader else None
    return Said([found]) if found else Said(left_out=Counter({"not_meant": 1}))


def _error(data: Mapping[str, Any], action: str) -> Happened | None:
    if action != "created":
        return None
    error = _object(data, "error")
    tags, user = _tags(error), error.get("user")
    about = {name: error[name][:TEXT] for name in ("title", "level", "platform", "release", "culprit") if isinstance(error.get(name), str)}
    about |= {"project": _project(error), "issue_id": _optional(error, "issue_id"), "url": _optional(error, "web_url"), "tags": tags}
    subject = user.get("id") if isinstance(user, dict) else None
    return Happened(
        paths=_paths(error, tags),
        id=_text(error, "event_id"),
        type="com.sentry.error",
        time=moment(_text(error, "datetime")),
        subject=str(subject) if isinstance(subject, str | int) and subject != "" else None,
        data={name: value for name, value in about.items() if value is not None},
    )


def _issue_alert(data: Mapping[str, Any], action: str) -> Reported | None:
    """Reads that a rule about an issue was triggered: the alert fires until the issue is resolved or archived."""
    if action != "triggered":
        return None
    event = _object(data, "event")
    tags = _tags(event)
    return Reported(
        paths=_paths(event, tags),
        key=f"issue:{_text(event, 'issue_id')}",
        name=first_of(data.get("triggered_rule"), event.get("title")) or "",
        status="firing",
        starts_at=moment(_text(event, "datetime")),
        severity=_optional(event, "level"),
        summary=_optional(event, "title"),
        url=_optional(event, "web_url"),
        labels={"project": _project(event) or "", **tags},
        is_recalled=True,
    )


def _issue(data: Mapping[str, Any], action: str) -> Reported | None:
    """Reads that an issue has ended, for the alert that may have been about it."""
    if action not in ISSUE_ENDS:
        return None
    issue = _object(data, "issue")
    return Reported(
        paths={},  # the alert's own component counts: an issue without an alert is none
        key=f"issue:{_text(issue, 'id')}",
        name="",
        status="resolved",
        summary=_optional(issue, "title"),
        url=first_of(issue.get("web_url"), issue.get("permalink")),
        is_recalled=True,
    )


def _metric_alert(data: Mapping[str, Any], action: str) -> Reported | None:
    if action not in METRIC:
        return None
    alert = _object(data, "metric_alert")
    rule = alert.get("alert_rule")
    projects = alert.get("projects")
    project = str(projects[0]) if isinstance(projects, list) and projects else None
    closed = _optional(alert, "date_closed")
    return Reported(
        paths={**alert, "project": project},
        key=f"metric:{_text(alert, 'id')}",
        name=first_of(rule.get("name") if isinstance(rule, dict) else None, alert.get("title")) or "",
        status=METRIC[action],
        starts_at=moment(_text(alert, "date_started")),
        ends_at=moment(closed) if closed else None,
        severity=action if action != "resolved" else None,
        summary=first_of(data.get("description_text"), data.get("description_title")),
        url=_optional(data, "web_url"),
        labels={"project": project} if project else {},
        is_recalled=True,
    )


RESOURCES: dict[str, Callable[[Mapping[str, Any], str], Reported | Happened | None]] = {
    "error": _error,
    "event_alert": _issue_alert,
    "issue": _issue,
    "metric_alert": _metric_alert,
}


# ── what stands there ────────────────────────────────────────────────────────────────────────


def _object(said: Any, name: str) -> dict[str, Any]:
    held = said.get(name) if isinstance(said, dict) else None
    if not isinstance(held, dict):
        raise Undecodable(Reason.WRONG_TYPE, f"{name}: not an object")
    return held


def _text(said: Any, name: str) -> str:
    held = said.get(name) if isinstance(said, dict) else None
    if isinstance(held, bool) or not isinstance(held, str | int) or held == "":
        raise Undecodable(Reason.WRONG_TYPE, f"{name}: not a text")
    return str(held)


def _optional(said: Mapping[str, Any], name: str) -> str | None:
    held = said.get(name)
    return held if isinstance(held, str) and held else None


def _tags(event: Mapping[str, Any]) -> dict[str, str]:
    """Returns the tags, which Sentry writes as pairs."""
    held = event.get("tags")
    pairs = [pair for pair in held if isinstance(pair, list) and len(pair) == 2] if isinstance(held, list) else []
    return {name[:TEXT]: value[:TEXT] for name, value in pairs[:TAGS] if isinstance(name, str) and isinstance(value, str)}


def _paths(event: Mapping[str, Any], tags: Mapping[str, str]) -> dict[str, Any]:
    return {**event, "tags": {**tags}, "project": _project(event)}


def _project(event: Mapping[str, Any]) -> str | None:
    """Returns the project's name, which stands in the address of the event alone, else its number."""
    _, found, rest = str(event.get("url", "")).partition("/projects/")
    slug = rest.split("/")[1:2] if found else []
    number = event.get("project")
    return slug[0] if slug and slug[0] else str(number) if isinstance(number, str | int) else None


KIND = usual(CHECK, read, COMPONENT)
