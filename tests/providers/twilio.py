"""Twilio's Messages resource: www.twilio.com/docs/messaging/api/message-resource and /docs/api/errors."""

import base64
import hmac
import re
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

ACCOUNT = "AC" + "0123456789abcdef" * 2
TOKEN = "b7d3-token-of-the-account"
SERVICE = "MG" + "fedcba9876543210" * 2
STOPPED, LANDLINE, NOBODY = "+15005550010", "+15005550009", "+15005550001"


class Callback(NamedTuple):
    """A call of Twilio's."""

    url: str
    body: bytes
    headers: dict[str, str]


@dataclass
class FakeTwilio:
    """One account with one Messaging Service."""

    now: datetime
    messages: list[dict[str, Any]] = field(default_factory=list)
    callbacks: list[str] = field(default_factory=list)
    limited: int = 0
    looked_up: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await self._answer(request, await request.body())(scope, receive, send)

    def _answer(self, request: Request, body: bytes) -> Response:
        if self.limited:
            self.limited -= 1
            return _error(429, 20429, "Too Many Requests")
        login = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {login}":
            return _error(401, 20003, "Authenticate")
        if request.url.path != f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json":
            return _error(404, 20404, "The requested resource was not found")
        if request.method == "GET":
            return self._list(request.query_params["To"])
        if request.headers.get("content-type") != "application/x-www-form-urlencoded":
            return _error(400, 21604, "A 'To' phone number is required.")
        form = {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
        code, why = self._refusal(form)
        return _error(400, code, why) if code else self._take(form)

    def _refusal(self, form: dict[str, str]) -> tuple[int, str]:
        to, text = form.get("To", ""), form.get("Body", "")
        refusals = (
            (not to, 21604, "A 'To' phone number is required."),
            (not re.fullmatch(r"\+[1-9]\d{6,14}", to) or to == NOBODY, 21211, f"Invalid 'To' Phone Number: {to}"),
            (to == LANDLINE, 21614, "'To' number is not a valid mobile number"),
            (to == STOPPED, 21610, "Attempt to send to unsubscribed recipient"),
            (not text, 21602, "Message body is required."),
            (len(text) > 1600, 21617, "The concatenated message body exceeds the 1600 character limit"),
            ("From" not in form and "MessagingServiceSid" not in form, 21603, "A 'From' phone number is required."),
            (form.get("MessagingServiceSid", SERVICE) != SERVICE, 21705, "The Messaging Service Sid is invalid."),
            (not form.get("StatusCallback", "https://").startswith("https://"), 21609, "The 'StatusCallback' URL is not a valid URL."),
        )
        return next(((code, why) for objects, code, why in refusals if objects), (0, ""))

    def _take(self, form: dict[str, str]) -> Response:
        message = {
            "sid": f"SM{len(self.messages):032x}",
            "to": form["To"],
            "body": form["Body"],
            "status": "accepted",
            "error_code": None,
            "direction": "outbound-api",
            "messaging_service_sid": form.get("MessagingServiceSid"),
            "date_created": format_datetime(self.now),
            "callback": form.get("StatusCallback"),
        }
        self.messages.insert(0, message)
        self.callbacks += [form["StatusCallback"]] if "StatusCallback" in form else []
        return JSONResponse(message, 201)

    def callback(self, of: int, status: str, code: int | None, token: str = TOKEN) -> "Callback":
        """Returns the call that says what became of a message, as Twilio signs it: www.twilio.com/docs/usage/security."""
        message = self.messages[of]
        said = {
            "AccountSid": ACCOUNT,
            "ApiVersion": "2010-04-01",
            "MessageSid": message["sid"],
            "SmsSid": message["sid"],
            "MessageStatus": status,
            "SmsStatus": status,
            "MessagingServiceSid": message["messaging_service_sid"],
            "To": message["to"],
            "From": "+15005550006",
            **({"ErrorCode": str(code)} if code is not None else {}),
        }
        url = message["callback"]
        parameters = "".join(f"{name}{said[name]}" for name in sorted(said))
        signature = base64.b64encode(hmac.new(token.encode(), f"{url}{parameters}".encode(), "sha1").digest()).decode()
        headers = {"content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature, "user-agent": "TwilioProxy/1.1"}
        return Callback(url, urlencode(said).encode(), headers)

    def _list(self, to: str) -> Response:
        self.looked_up += 1
        return JSONResponse({"messages": [each for each in self.messages if each["to"] == to], "page": 0, "page_size": 50})


def _error(status: int, code: int, message: str) -> Response:
    said = {"code": code, "message": message, "more_info": f"https://www.twilio.com/docs/errors/{code}", "status": status}
    return JSONResponse(said, status)
