"""Makes of each form of the ticket's page what its owner is asked. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

Form = Mapping[str, str]
Asked = tuple[str, dict[str, Any]]  # the act, and the body of its request


def _assign(form: Form) -> Asked:
    to = form.get("to", "").strip()
    return ("ticket.assign", {"agent": to}) if to else ("ticket.unassign", {"agent": None})


# What each form asks for, by the last part of its address.
FORMS: Mapping[str, Callable[[Form], Asked]] = {
    "reply": lambda form: ("ticket.reply", {"body": form.get("body", ""), "seen": form.get("seen") or None}),
    "assign": _assign,
    "link": lambda form: ("ticket.link", {"incident_id": form.get("incident_id", "").strip(), "answer": "answer" in form}),
    "unlink": lambda form: ("ticket.unlink", {"verdict": form.get("verdict", "")}),
    "resolve": lambda form: ("ticket.resolve", {"resolution": form.get("resolution", "")}),
    "reopen": lambda form: ("ticket.reopen", {"reason": form.get("reason", "")}),
}
