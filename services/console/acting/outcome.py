"""How an act went: done or refused, and a refusal in words for the person who asked. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NAMED = 5  # errors of a form that are named one by one


@dataclass(frozen=True)
class Done:
    """The act is done. `answer` is what its owner said; it is empty when an earlier press of the same form had done it."""

    answer: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Refused:
    """The act was refused, or nobody knows: the page is drawn again with this status, these words and all that was typed."""

    status: int  # 403, 409, 422 or 503
    words: str
    extra: Mapping[str, Any] = field(default_factory=dict)  # what the owner says beside its words: `allowed`, `current`, `newer`
    form_id: str = ""  # not empty: the form is drawn with it, because the same form may be sent again without acting twice

    @property
    def is_unknown(self) -> bool:
        """Returns True when the act may have been done or may be done by sending the form again."""
        return bool(self.form_id)


def does_not_answer(owner: str, form_id: str, *, reached: bool) -> Refused:
    """Returns the refusal for an owner that gave no answer; `reached`: the request may have arrived."""
    if not reached:
        return Refused(
            503, f"{owner} cannot be reached, so nothing was done. What you wrote is kept: send it again in a moment.", {}, form_id
        )
    again = f"{owner} did not answer, so it is not known whether this was done. Send it again: it is done once, however often you send it."
    return Refused(503, again, {}, form_id)


def refused(owner: str, status: int, problem: Mapping[str, Any], form_id: str) -> Refused:
    """Returns what a problem (RFC 9457) of the owner's says, in words; 5xx and a request still under way may be sent again."""
    extra = {name: value for name, value in problem.items() if name not in {"type", "title", "status", "detail"}}
    words = _words(problem)
    if status == 401 or (status == 403 and "act for others" in words):
        return Refused(503, f"{owner} does not accept the console's token, so nothing was done: an operator has to look at it.", extra)
    if status == 409 and "under way" in words:
        return Refused(503, f"{owner} is still busy with what you sent before. Send it again in a moment: it is done once.", extra, form_id)
    if status == 422 and "another request before" in words:
        return Refused(409, "What you sent first has arrived, with other words. Look at it below, and send the rest anew.", extra)
    if status in {408, 429} or status >= 500:
        return does_not_answer(owner, form_id, reached=True)
    return Refused({413: 422, 422: 422, 403: 403}.get(status, 409), _sentence(words, owner), extra)


def _words(problem: Mapping[str, Any]) -> str:
    """Returns what is wrong; of a body that does not fit, field by field."""
    errors = problem.get("errors")
    if not isinstance(errors, list) or not errors:
        return str(problem.get("detail", ""))
    named = [f"{str(each.get('at', '')).removeprefix('body.')}: {each.get('why', '')}" for each in errors[:NAMED] if isinstance(each, dict)]
    return "; ".join(named)


def _sentence(words: str, owner: str) -> str:
    said = (words or "it did not say why").rstrip(".")
    return f"{owner} refuses: {said}."
