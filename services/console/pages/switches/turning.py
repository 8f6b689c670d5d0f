"""What a person typed to stop something or let it go on becomes what notifier is asked, or a sentence that says what is wrong. Pure."""

from collections.abc import Mapping
from typing import Any

from services.console.frame.consent import EFFECTS, named

SCOPES, MODES = ("all", "rule", "channel"), tuple(EFFECTS)
CHANNELS = ("email", "webhook", "slack", "teams", "discord", "sms")  # as notifier has them: others are asked about, not refused
EMPTY: Mapping[str, str] = {"scope": "all", "name": "", "mode": "off", "thrown": "true", "reason": ""}


def typed_of(form: Mapping[str, str]) -> dict[str, str]:
    """Returns what was typed; everything has no name."""
    typed = {name: form.get(name, usual).strip() for name, usual in EMPTY.items()}
    return typed | {"name": ""} if typed["scope"] == "all" else typed


def trouble(typed: Mapping[str, str], *, needs_reason: bool = True) -> str:
    """Returns what is wrong; empty when nothing is."""
    if typed["scope"] not in SCOPES or typed["mode"] not in MODES or typed["thrown"] not in ("true", "false"):
        return "Say what is stopped, and how."
    if typed["scope"] != "all" and not typed["name"]:
        return f"Name the {typed['scope']}."
    if typed["thrown"] == "true" and typed["mode"] == "brake":
        return "Forewarn alone throws brakes; people release them."
    return "Say why: colleagues read it." if needs_reason and not typed["reason"] else ""


def body_of(typed: Mapping[str, str]) -> dict[str, Any]:
    """Returns the body of the request."""
    return {**{name: typed[name] for name in ("scope", "name", "mode", "reason")}, "thrown": typed["thrown"] == "true"}


def subject_of(typed: Mapping[str, str]) -> str:
    """Returns what the audit log calls it."""
    return f"switch:{typed['scope']} {typed['name']}".strip()


def effect_of(typed: Mapping[str, str]) -> str:
    """Returns what it does from then on, as a sentence without its stop."""
    what = named(typed["scope"], typed["name"])
    if typed["thrown"] == "true":
        return EFFECTS[typed["mode"]].format(what)
    if typed["mode"] == "dry_run":
        return f"{what} is told again; what the dry run left out stays untold"
    return f"{what} goes on: what is held is decided anew, and told if it is still so"


def button_of(typed: Mapping[str, str]) -> str:
    """Returns what the button says."""
    what = {"all": "everything"}.get(typed["scope"], f"{typed['scope']} {typed['name']}")
    if typed["thrown"] == "false":
        return f"Release {what}"
    return f"Begin the dry run of {what}" if typed["mode"] == "dry_run" else f"Stop {what}"
