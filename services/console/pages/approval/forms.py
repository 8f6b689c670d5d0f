"""Makes of each form of an approval's page what notifier is asked. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Form = Mapping[str, str]
Asked = tuple[str, dict[str, Any]]  # the act, and the body of its request


def words_of(form: Form) -> dict[str, str]:
    """Returns the words that were typed."""
    return {"subject": form.get("subject", ""), "body": form.get("body", "").replace("\r\n", "\n")}


def _seen(act: str) -> Callable[[Form, Sequence[str]], Asked]:
    return lambda form, _: (act, {"seen": form.get("seen", ""), "reason": form.get("reason", "")})


def _words(form: Form, _: Sequence[str]) -> Asked:
    """Returns the new words; those of notifications.yml when the form takes these back."""
    words = None if form.get("general") else words_of(form)
    return "approval.words", {"words": words, "reason": form.get("reason", "")}


# What each form asks for, by the last part of its address; the second value are the customers that were chosen.
FORMS: Mapping[str, Callable[[Form, Sequence[str]], Asked]] = {
    "approve": _seen("approval.approve"),
    "approve-first": _seen("approval.approve_first"),
    "reject": lambda form, _: ("approval.reject", {"reason": form.get("reason", "")}),
    "words": _words,
    "remove": lambda form, chosen: ("approval.remove", {"customers": list(chosen), "reason": form.get("reason", "")}),
    "send-to-me": lambda _, __: ("approval.send_to_me", {}),
}
