"""Implements `forewarn why`: tells from the rule to the mailbox why a customer was told of an incident, or was not."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import quote, urlencode

import typer

from deploy.local.asking import Answer, Token, ask
from deploy.local.running import run
from deploy.local.terminal import say
from deploy.local.why_views import Notification, Told, Touched
from deploy.services import SERVICES
from services.console.frame.reasons import why_not
from services.console.frame.words import duration, exact

AT = {spec.name: f"http://localhost:{spec.port}" for spec in SERVICES}
UNKNOWN = 404

Monitor = Annotated[str, typer.Option("--monitor", envvar="FOREWARN_MONITOR_URL", help="Where monitor is.")]
Notifier = Annotated[str, typer.Option("--notifier", envvar="FOREWARN_NOTIFIER_URL", help="Where notifier is.")]


def why(
    incident: Annotated[str, typer.Argument(help="The incident's id.", show_default=False)],
    customer: Annotated[str, typer.Argument(help="The customer's id, or another of their names.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Both answers as one line of JSON.")] = False,
    monitor: Monitor = AT["monitor"],
    notifier: Notifier = AT["notifier"],
    token: Token = "",
) -> None:
    """Tells why a customer was told of an incident, or was not: what touches them, what was decided by which versions, how it was brought.

    Ends with 1 when a service does not answer, or neither knows the incident.
    """
    raise typer.Exit(run(lambda: why_on(monitor, notifier, token, incident, customer, as_json=as_json)))


async def why_on(monitor: str, notifier: str, token: str, incident: str, customer: str, *, as_json: bool = False) -> int:
    """Asks monitor, and then notifier of the customer as monitor calls them. Returns the exit code."""
    touched = await ask(monitor, token, "GET", f"/v1/why?{urlencode({'customer': customer, 'incident': incident})}", Touched)
    customer_id = touched.said.customer_id if touched.said else customer
    told = await ask(notifier, token, "GET", f"/v1/why/{quote(incident, safe='')}/{quote(customer_id, safe='')}", Told)
    if as_json:
        parts = {
            name: each.said.model_dump(mode="json") if each.said else None for name, each in (("monitor", touched), ("notifier", told))
        }
        say(json.dumps({"incident_id": incident, "customer_id": customer_id, **parts}))
        say(*(each.complaint() for each in (touched, told) if not _answered(each)), error=True)
    else:
        say(*_monitor(touched), *_notifier(told))
    known = touched.said is not None or told.said is not None
    return 0 if known and _answered(touched) and _answered(told) else 1


def _answered(answer: Answer[Touched] | Answer[Told]) -> bool:
    return answer.said is not None or answer.status == UNKNOWN


# ── monitor: whether it touches them ─────────────────────────────────────────────────────────


def _monitor(answer: Answer[Touched]) -> Iterator[str]:
    said = answer.said
    if said is None:
        yield "monitor knows no such incident" if answer.status == UNKNOWN else answer.complaint()
        return
    touches = {
        True: "the incident touches them",
        False: "the incident does not touch them",
        None: "it is not known whether it touches them",
    }
    yield f"monitor: {touches[said.touched]} ({said.because})"
    yield f"  {said.words}"
    yield f"  judged by the rule {said.rule}{_version(said.rule_version)}"
    if said.merged_into:
        yield f"  a person says that it is the same trouble as {said.merged_into}, which touches its customers instead"


def _version(version: str | None) -> str:
    return f", version {version}" if version else ""


# ── notifier: whether they were told ─────────────────────────────────────────────────────────


def _notifier(answer: Answer[Told]) -> Iterator[str]:
    said = answer.said
    if said is None:
        yield "notifier knows no such incident" if answer.status == UNKNOWN else answer.complaint()
        return
    yield f"notifier: {said.words}"
    if said.incident:
        yield f"  it knows the incident as {said.incident.status}, severity {said.incident.severity}{_version(said.incident.rule_version)}"
    if said.erased_at:
        yield f"  erased {exact(said.erased_at)}"
    elif not said.customer_known:
        yield "  the directory does not know this customer"
    if said.moved_to:
        yield f"  it counts for {said.moved_to}: forewarn why {said.moved_to} …"
    for each in said.notifications:
        yield from _notification(each)
    if said.more:
        yield "  and more: GET /v1/notifications lists them all"


def _notification(each: Notification) -> Iterator[str]:
    figures = each.figures or {}
    yield f"  {each.kind}{f' on ticket {each.ticket_id}' if each.ticket_id else ''}: {each.status}"
    yield f"    true since {exact(each.about_at)}, written down {exact(each.created_at)}{_moment(', settled ', each.settled_at)}"
    if each.status in ("suppressed", "failed"):
        yield f"    {why_not(each.reason, figures)}"
    if each.waits_for:
        yield f"    {each.waits_for.words}{_moment(' Looked at again by ', each.waits_for.until)}"
    if each.policy:
        rule = f", rule{_version(each.rule_version).removeprefix(',')}" if each.rule_version else ""
        yield f"    decided by notifications.yml, version {each.policy}{rule}"
    if each.told_with:
        yield f"    told in one message with the notification {each.told_with}"
    yield from (f"    {line}" for line in _permitted(figures))
    for way in each.ways:
        tries = f"{way.tries} tries" if way.tries > 1 else "1 try"
        yield f"    {way.channel} to {way.address}: {way.status}, {tries}, began {exact(way.began_at)}{_moment(', ended ', way.ended_at)}"


def _permitted(figures: dict[str, object]) -> Iterator[str]:
    """Yields what spoke for telling them, as far as the decision has figures of it."""
    consent = {"customer": "they chose it", "directory": "the directory says so", "silence": "they have not said no"}
    if given := consent.get(str(figures.get("consent"))):
        yield f"consent: {given}"
    if "recent" in figures and "cap" in figures:
        yield f"told {figures['recent']} of at most {figures['cap']} times lately"
    if isinstance(age := figures.get("age_s"), int | float):
        yield f"it was {duration(age)} old"
    if "experiment" in figures:
        yield f"experiment {figures['experiment']}: in the arm {figures.get('arm')}"


def _moment(before: str, at: datetime | None) -> str:
    return f"{before}{exact(at.astimezone(UTC))}" if at else ""
