"""Any SMS provider with an HTTP API, as `notifications.yml` describes it: templates of the call, and what its answers mean."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import JsonValue

from services.notifier.channels.answer import Answer, asked_for, judged
from services.notifier.channels.outcome import Delivered, Failed, Outcome, Refusal, Rendered, Retry, Trouble
from services.notifier.channels.sms.policy import HttpSms
from services.notifier.channels.sms.provider import Call

LADDER = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))
_id = re.compile(r"[\w.:-]{1,100}", re.ASCII).fullmatch


@dataclass(frozen=True, slots=True)
class Generic:
    """One provider as its operator describes it."""

    policy: HttpSms
    secret: str
    callback: Callable[[Rendered], str] | None = None  # where it says later what became of a text

    @property
    def per_second(self) -> float:
        return self.policy.per_second

    @property
    def ladder(self) -> tuple[timedelta, ...]:
        """Few: each try after an unknown outcome may be a second text."""
        return LADDER

    def call(self, message: Rendered, text: str) -> Call:
        """Returns the call that hands the text over. Values are put in their places, so that no text can become part of the call's form."""
        policy = self.policy
        callback = self.callback(message) if self.callback else ""
        fields = {"to": message.address, "text": text, "id": message.id, "secret": self.secret, "callback": callback}
        said: dict[str, Any] = {"headers": {name: each.format_map(fields) for name, each in policy.headers.items()}}
        if policy.query:
            said["params"] = {name: each.format_map(fields) for name, each in policy.query.items()}
        if policy.json_body:
            said["json"] = _filled(policy.json_body, fields)
        if policy.form:
            said["data"] = {name: each.format_map(fields) for name, each in policy.form.items()}
        return Call(policy.method, policy.url, said, (policy.login, self.secret) if policy.login else None)

    def outcome(self, answer: Answer, message: Rendered) -> Outcome:
        """Returns what an answer means."""
        policy, status = self.policy, answer.status
        value = at(answer.json, policy.field) if policy.field else ""
        final = {Refusal.ADDRESS: policy.no_such_number, Refusal.OPTED_OUT: policy.opted_out, Refusal.REFUSED: policy.refused}
        for refusal, values in final.items():
            if value in values:
                return Failed(refusal, f"{status}")
        if status in policy.accepted:
            if policy.taken and value not in policy.taken:
                return Retry(None, Trouble.DEFERRED, f"{status} not taken")
            return Delivered(f"{status} {self._id(answer, message)}".strip())
        if status in (401, 402, 403, 404):
            return Retry(asked_for(answer), Trouble.RELAY, f"{status}")
        return judged(answer, f"{status}")

    def look_up(self, message: Rendered) -> Call | None:  # noqa: ARG002
        """Returns None: there is no general way to ask for an earlier try. The template may name {id}, by which a provider knows one."""
        return None

    def found(self, answer: Answer, message: Rendered, text: str) -> Outcome | None:  # noqa: ARG002
        return None

    def _id(self, answer: Answer, message: Rendered) -> str:
        """Returns the provider's id of the text, unless it has the number in it, which the ledger must not hold."""
        said = at(answer.json, self.policy.message_id) if self.policy.message_id else ""
        return said if _id(said) and message.address.lstrip("+") not in said else ""


def _filled(value: JsonValue, fields: Mapping[str, str]) -> JsonValue:
    match value:
        case str():
            return value.format_map(fields)
        case list():
            return [_filled(each, fields) for each in value]
        case dict():
            return {name: _filled(each, fields) for name, each in value.items()}
    return value


def at(value: object, path: str) -> str:
    """Returns what stands at that place of a JSON value, in words; empty when nothing does."""
    for step in path.split("."):
        match value:
            case dict():
                value = value.get(step)
            case list() if step.isdecimal() and int(step) < len(value):
                value = value[int(step)]
            case _:
                return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else ""
