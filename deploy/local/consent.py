"""Implements `forewarn kill-switch`, `approvals` and `correct`: people stop what would be told, approve of it, or tell it right."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import quote

import typer

from deploy.local.asking import Answer, Token, ask
from deploy.local.consent_views import Approval, Approvals, Correction, Story, Switches
from deploy.local.processes import Failed
from deploy.local.running import run
from deploy.local.terminal import say
from deploy.services import SERVICES
from shared.observing.printable import printable

DEFAULT_URL = next(f"http://localhost:{spec.port}" for spec in SERVICES if spec.name == "notifier")

Url = Annotated[str, typer.Option("--url", envvar="FOREWARN_NOTIFIER_URL", help="Where notifier is.")]
Why = Annotated[str, typer.Option("--reason", help="Why; colleagues read it.")]
Rule = Annotated[str | None, typer.Option(help="Only what this rule has us say.")]
Channel = Annotated[str | None, typer.Option(help="Only what goes through this channel.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="The approval's id.", show_default=False)]
Dry = Annotated[bool, typer.Option("--dry-run", help="Decide as ever, and tell nobody; what is not told then is not told later.")]
Brake = Annotated[bool, typer.Option("--brake", help="Release the brake that Forewarn threw for the rule.")]

kill_switch = typer.Typer(no_args_is_help=True, help="Stops what would be told, everything or a part of it, and lets it go on.")
approvals = typer.Typer(no_args_is_help=True, help="Audiences that wait for a person: shows, approves and rejects them.")

S = TypeVar("S", Switches, Approvals, Approval, Story, Correction)


# ── forewarn kill-switch ─────────────────────────────────────────────────────────────────────


@kill_switch.command()
def show(url: Url = DEFAULT_URL, token: Token = "") -> None:
    """Shows what is stopped, by whom and why. The exit code is 1 when anything is."""

    async def command() -> int:
        said = _given(await ask(url, token, "GET", "/v1/switches", Switches))
        say(*(_lines(said) or ["nothing is stopped"]))
        return 1 if said.items else 0

    raise typer.Exit(run(command))


@kill_switch.command()
def on(reason: Why, rule: Rule = None, channel: Channel = None, dry_run: Dry = False, url: Url = DEFAULT_URL, token: Token = "") -> None:
    """Stops it from the next message on. Nothing is lost: what is held is told, if it is still so, once it is turned off."""
    raise typer.Exit(run(lambda: turn(url, token, {**_what(rule, channel, dry_run), "thrown": True, "reason": reason})))


@kill_switch.command()
def off(
    reason: Why,
    rule: Rule = None,
    channel: Channel = None,
    dry_run: Dry = False,
    brake: Brake = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
) -> None:
    """Lets it go on."""
    raise typer.Exit(run(lambda: turn(url, token, {**_what(rule, channel, dry_run, brake), "thrown": False, "reason": reason})))


def _what(rule: str | None, channel: str | None, dry_run: bool, brake: bool = False) -> dict[str, str]:
    if rule and channel:
        raise typer.BadParameter("a switch is for a rule or for a channel")
    mode = "brake" if brake else "dry_run" if dry_run else "off"
    scope = "rule" if rule else "channel" if channel else "all"
    return {"scope": scope, "name": rule or channel or "", "mode": mode}


async def turn(url: str, token: str, what: dict[str, object]) -> int:
    """Throws or releases a switch, and shows what is stopped then."""
    said = _given(await ask(url, token, "PUT", "/v1/switches", Switches, what))
    say(*(_lines(said) or ["nothing is stopped"]))
    return 0


def _lines(said: Switches) -> list[str]:
    return [
        f"{each.scope} {printable(each.name)}".strip() + f": {each.mode} since {each.at} by {printable(each.by)}: {printable(each.reason)}"
        for each in said.items
    ]


# ── forewarn approvals ───────────────────────────────────────────────────────────────────────


@approvals.command("list")
def list_(
    all_: Annotated[bool, typer.Option("--all", help="Also those that are decided.")] = False, url: Url = DEFAULT_URL, token: Token = ""
) -> None:
    """Lists the audiences that wait, the latest first."""

    async def command() -> int:
        said = _given(await ask(url, token, "GET", f"/v1/approvals?limit=100{'' if all_ else '&standing=waiting'}", Approvals))
        say(*(map(_line, said.items) if said.items else ["nothing waits for approval"]))
        return 0

    raise typer.Exit(run(command))


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {printable(name)}" for name, count in counts.items())


def _line(each: Approval) -> str:
    return f"{each.id}  {each.standing:<8}  {each.total:>7,}  {printable(each.rule)}  {printable(each.title or '')}"


@approvals.command("show")
def show_approval(id_: Id, url: Url = DEFAULT_URL, token: Token = "") -> None:
    """Shows whom it is for, against what is normal, and three messages as they would be sent."""

    async def command() -> int:
        said = await _story(url, token, id_)
        normal = f"{said.normal:,}" if said.normal is not None else "not known yet"
        say(
            f"{printable(said.rule)}: {printable(said.title or said.gate)}, {said.standing}, until {said.expires_at}",
            f"  {said.waiting:,} customers would be told; the rule's normal is {normal}",
            f"  by channel: {_counted(said.channels) or 'not known'}",
            f"  not among them: {_counted(said.left_out) or 'nobody'}",
            f"  what is known of them is from {said.oldest} to {said.newest}",
            *(line for each in said.samples for line in _sample(each.customer_id, each.missing, each.subject, each.text)),
            f"  as seen: {said.seen}",
        )
        return 0

    raise typer.Exit(run(command))


@approvals.command()
def approve(
    id_: Id,
    seen: Annotated[str, typer.Option(help="What `approvals show` said last: it is refused when anything has changed since.")],
    reason: Why = "",
    first: Annotated[bool, typer.Option("--first", help="Only the first few (20); the others go on waiting.")] = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
) -> None:
    """Has them told."""
    act = "approve-first" if first else "approve"
    raise typer.Exit(run(lambda: decide(url, token, id_, act, {"seen": seen, "reason": reason})))


@approvals.command()
def reject(id_: Id, reason: Why, url: Url = DEFAULT_URL, token: Token = "") -> None:
    """Has nobody of them told."""
    raise typer.Exit(run(lambda: decide(url, token, id_, "reject", {"reason": reason})))


async def decide(url: str, token: str, id_: str, act: str, body: dict[str, object]) -> int:
    """Decides about an approval, and shows how it stands then."""
    said = _given(await ask(url, token, "POST", f"/v1/approvals/{quote(id_, safe='')}/{act}", Approval, body))
    waits = f"; {printable(said.first_by)} has agreed, and another person must" if said.standing == "waiting" and said.first_by else ""
    say(f"{said.id}: {said.standing}{waits}")
    return 0


async def _story(url: str, token: str, id_: str) -> Story:
    return _given(await ask(url, token, "GET", f"/v1/approvals/{quote(id_, safe='')}", Story))


def _sample(customer_id: str, missing: list[str], subject: str, text: str) -> list[str]:
    lacks = f" (not known: {', '.join(missing)})" if missing else ""
    return [f"  to {printable(customer_id)}{lacks}: {printable(subject)}", *(f"    {printable(line)}" for line in text.splitlines())]


# ── forewarn correct ─────────────────────────────────────────────────────────────────────────


def correct(
    incident: Annotated[str, typer.Argument(help="The incident of which something wrong was told.", show_default=False)],
    file: Annotated[Path, typer.Option("--file", help="What is right: the subject in the first line, then the words.")],
    url: Url = DEFAULT_URL,
    token: Token = "",
) -> None:
    """Tells exactly those who were told of an incident what is right, once: the same words again tell nobody again."""
    try:
        subject, _, words = file.read_text(encoding="utf-8").partition("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{printable(os.fspath(file))} cannot be read: {printable(str(error))}") from None
    if not subject.strip() or not words.strip():
        raise typer.BadParameter("the file needs a subject in its first line, and words below it")
    raise typer.Exit(run(lambda: correct_on(url, token, incident, subject.strip(), words.strip())))


async def correct_on(url: str, token: str, incident: str, subject: str, words: str) -> int:
    """Has the correction told, and says under which id it can be followed."""
    path = f"/v1/incidents/{quote(incident, safe='')}/correction"
    said = _given(await ask(url, token, "POST", path, Correction, {"subject": subject, "words": words}))
    say(f"correction {said.id} is told to exactly those who were told of {printable(incident)}")
    return 0


def _given(answer: Answer[S]) -> S:
    """Returns what was answered. Raises Failed when it was refused."""
    if answer.said is None:
        raise Failed(answer.complaint())
    return answer.said
