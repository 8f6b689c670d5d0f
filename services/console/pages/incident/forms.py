"""Makes of each form of the incident's page what monitor is asked. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

Form = Mapping[str, str]
Asked = tuple[str, dict[str, Any]]  # the act, and the body of its request


def _end(act: str) -> Callable[[Form], Asked]:
    return lambda form: (act, {"note": form.get("note", ""), "tell": form.get("tell") == "true"})


def _customers(act: str) -> Callable[[Form], Asked]:
    """Returns how customers are named: one id a line."""
    return lambda form: (
        act,
        {"customers": [line.strip() for line in form.get("customers", "").splitlines() if line.strip()], "reason": form.get("reason", "")},
    )


def _split(form: Form) -> Asked:
    act, body = _customers("incident.split")(form)
    parts = {name: [form[name].strip()] for name in ("components", "rules") if form.get(name, "").strip()}
    named = parts if parts and not body["customers"] else {"customers": body["customers"]} | parts
    return act, {"reason": body["reason"], "title": form.get("title", "").strip() or None} | named


def _update(form: Form) -> Asked:
    moments = {name: f"{form[name]}Z" if form.get(name) else None for name in ("next_update_at", "estimate")}
    return "incident.update", {"words": form.get("words", ""), "workaround": form.get("workaround", ""), **moments}


# What each form asks for, by the last part of its address.
FORMS: Mapping[str, Callable[[Form], Asked]] = {
    "resolve": _end("incident.resolve"),
    "dismiss": _end("incident.dismiss"),
    "acknowledge": lambda form: ("incident.acknowledge", {"note": form.get("note", "")}),
    "update": _update,
    "severity": lambda form: ("incident.severity", {"severity": form.get("severity", ""), "reason": form.get("reason", "")}),
    "add": _customers("incident.add"),
    "remove": _customers("incident.remove"),
    "split": _split,
    "merge": lambda form: ("incident.merge", {"into": form.get("into", "").strip(), "note": form.get("note", "")}),
}
