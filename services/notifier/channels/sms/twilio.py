"""Twilio's Messages resource: how it is called, and what its answers mean.

https://www.twilio.com/docs/messaging/api/message-resource and /docs/api/errors. It has no key by which a repetition is known: before a text
is handed over again, the account's messages are asked for it.
"""

import email.utils
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from services.notifier.channels.answer import Answer, asked_for, judged
from services.notifier.channels.outcome import Delivered, Failed, Outcome, Refusal, Rendered, Retry, Trouble
from services.notifier.channels.sms.policy import TwilioSms
from services.notifier.channels.sms.provider import Call
from services.notifier.channels.sms.text import plainly

LATEST = 50  # messages to a number that are looked through
SKEW = timedelta(minutes=1)  # between Twilio's clock and ours
UNDONE = frozenset({"failed", "undelivered", "canceled"})
MEANING: Mapping[int, Refusal | Trouble] = {  # of the codes of https://www.twilio.com/docs/api/errors
    21610: Refusal.OPTED_OUT,  # the recipient answered STOP
    **dict.fromkeys((21211, 21214, 21217, 21614), Refusal.ADDRESS),  # no such number, or none that takes texts
    **dict.fromkeys((21408, 21612, 21635), Refusal.REFUSED),  # no permission for the region, no way from this sender to this number
    **dict.fromkeys((20429, 21611, 30001), Trouble.DEFERRED),  # too many requests, the sender's queue is full
    **dict.fromkeys((21602, 21604, 21617, 21619, 21658), Trouble.MALFORMED),  # no text, no recipient, text too long: defects of ours
    **dict.fromkeys((20003, 20005, 20008, 20404), Trouble.RELAY),  # the login or the account
    **dict.fromkeys((21212, 21603, 21606, 21609, 21659, 21660, 21703, 21705), Trouble.RELAY),  # the sender or the callback
}
OF_STATUS: Mapping[int, Refusal | Trouble] = {400: Refusal.REFUSED, **dict.fromkeys((401, 402, 403, 404), Trouble.RELAY)}


@dataclass(frozen=True, slots=True)
class Twilio:
    """Twilio with one account."""

    policy: TwilioSms
    secret: str
    callback: Callable[[Rendered], str] | None = None  # where it says later what became of a text, unless notifications.yml says where

    @property
    def per_second(self) -> float:
        return self.policy.per_second

    @property
    def ladder(self) -> None:
        """None: an earlier try is looked for, so that it may be tried as often as notifications.yml says."""

    @property
    def _login(self) -> tuple[str, str]:
        return (self.policy.key or self.policy.account, self.secret)

    @property
    def _url(self) -> str:
        return f"{self.policy.url}/2010-04-01/Accounts/{self.policy.account}/Messages.json"

    def call(self, message: Rendered, text: str) -> Call:
        """Returns the call that hands the text over."""
        policy = self.policy
        sender = {"MessagingServiceSid": policy.messaging_service} if policy.messaging_service else {"From": policy.sender}
        callback = policy.status_callback or (self.callback(message) if self.callback else "")
        told = {"StatusCallback": callback} if callback else {}
        return Call("POST", self._url, {"data": {"To": message.address, "Body": text, **sender, **told}}, self._login)

    def outcome(self, answer: Answer, message: Rendered) -> Outcome:  # noqa: ARG002
        """Returns what an answer means."""
        said = answer.json if isinstance(answer.json, dict) else {}
        if 200 <= answer.status < 300:
            sid, code = said.get("sid"), said.get("error_code")
            if said.get("status") in UNDONE and isinstance(code, int):
                return _refusal(answer, code)
            return Delivered(f"{answer.status} {sid}" if isinstance(sid, str) and sid.isalnum() and len(sid) <= 40 else f"{answer.status}")
        code = said.get("code")
        return _refusal(answer, code if isinstance(code, int) else None)

    def look_up(self, message: Rendered) -> Call | None:
        """Returns the call that asks for the latest texts to the number."""
        return Call("GET", self._url, {"params": {"To": message.address, "PageSize": str(LATEST)}}, self._login)

    def found(self, answer: Answer, message: Rendered, text: str) -> Outcome | None:
        """Returns what became of an earlier try; None when Twilio has none that may still arrive."""
        if answer.status != 200:
            return (
                _refusal(answer, None)
                if answer.status in (401, 403)
                else Retry(asked_for(answer), Trouble.DEFERRED, f"look-up {answer.status}")
            )
        for each in _messages(answer):
            same = each.get("to") == message.address and plainly(str(each.get("body"))) == plainly(text)
            if same and each.get("status") not in UNDONE and _is_since(each, message):
                sid = str(each.get("sid", ""))
                return Delivered(f"found {sid}" if sid.isalnum() and len(sid) <= 40 else "found")
        return None


def _messages(answer: Answer) -> Iterator[Mapping[str, Any]]:
    match answer.json:
        case {"messages": [*messages]}:
            yield from (each for each in messages if isinstance(each, dict))


def _is_since(said: Mapping[str, Any], message: Rendered) -> bool:
    try:
        return email.utils.parsedate_to_datetime(str(said.get("date_created"))) >= message.date - SKEW
    except (ValueError, TypeError):
        return True  # what cannot be dated may be it


def _refusal(answer: Answer, code: int | None) -> Retry | Failed:
    detail = f"{answer.status} {code}" if code is not None else f"{answer.status}"
    match MEANING.get(code or 0, OF_STATUS.get(answer.status)):
        case Refusal() as refusal:
            return Failed(refusal, detail)
        case Trouble() as trouble:
            return Retry(asked_for(answer), trouble, detail)
    return judged(answer, detail)
