"""SMS by Twilio and by a provider that the operator describes: handed over once, understood, and looked for before it goes again."""

import base64
import json
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from pydantic import TypeAdapter, ValidationError

from services.notifier import metrics
from services.notifier.channels.outcome import Delivered, Failed, Outcome, Refusal, Rendered, Retry, Trouble
from services.notifier.channels.sms.building import build
from services.notifier.channels.sms.channel import Sms
from services.notifier.channels.sms.generic import Generic
from services.notifier.channels.sms.policy import HttpSms, SmsPolicy, TwilioSms
from services.notifier.channels.sms.twilio import Twilio
from shared.configuration.files import ConfigError
from tests.builders import NOON
from tests.figures import value
from tests.providers.twilio import ACCOUNT, LANDLINE, NOBODY, SERVICE, STOPPED, TOKEN, FakeTwilio
from tests.providers.wire import hangs_up, says, wire
from tests.unit.notifier.channels.building import STOP, message

pytestmark = pytest.mark.asyncio

NUMBER = "+4915112345678"
POLICY = TwilioSms(provider="twilio", account=ACCOUNT, messaging_service=SERVICE, status_callback="https://shop.example.org/sms")
FIRST, LATER = NOON + timedelta(seconds=2), NOON + timedelta(minutes=1)
ID = "SM" + "0" * 32


def twilio(fake: FakeTwilio, *, policy: TwilioSms = POLICY, secret: str = TOKEN, at: Any = FIRST) -> Sms:
    return Sms(Twilio(policy, secret), httpx2.ASGITransport(fake), now=lambda: at)


async def sent(channel: Sms, *messages: Rendered) -> Outcome:
    return (await channel.send(messages))[-1]


# ── Twilio ───────────────────────────────────────────────────────────────────────────────────


async def test_twilio_takes_a_text_and_says_its_id() -> None:
    fake = FakeTwilio(NOON)
    before = value(metrics.SMS_SEGMENTS.labels("gsm7"))
    assert await sent(twilio(fake), message(NUMBER, text="It works again.")) == Delivered(f"201 {ID}")
    [taken] = fake.messages
    assert (taken["to"], taken["body"]) == (NUMBER, f"It works again.\nStop: {STOP}")
    assert taken["messaging_service_sid"] == SERVICE
    assert fake.callbacks == ["https://shop.example.org/sms"]
    assert value(metrics.SMS_SEGMENTS.labels("gsm7")) - before == 1
    assert fake.looked_up == 0, "a first try asks nothing"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (NOBODY, Failed(Refusal.ADDRESS, "400 21211")),
        (LANDLINE, Failed(Refusal.ADDRESS, "400 21614")),
        (STOPPED, Failed(Refusal.OPTED_OUT, "400 21610")),
        ("0151 2345", Failed(Refusal.UNSUPPORTED, "not a number")),
    ],
)
async def test_twilio_says_what_is_final(number: str, expected: Outcome) -> None:
    fake = FakeTwilio(NOON)
    assert await sent(twilio(fake), message(number)) == expected
    assert fake.messages == []


async def test_a_wrong_login_or_sender_is_trouble_of_ours_and_no_customers() -> None:
    assert await sent(twilio(FakeTwilio(NOON), secret="another"), message(NUMBER)) == Retry(None, Trouble.RELAY, "401 20003")
    other = POLICY.model_copy(update={"messaging_service": "MG" + "0" * 32})
    assert await sent(twilio(FakeTwilio(NOON), policy=other), message(NUMBER)) == Retry(None, Trouble.RELAY, "400 21705")


async def test_an_api_key_logs_in_in_place_of_the_account() -> None:
    asked: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(201, json={"sid": ID})

    key = "SK" + "a" * 32
    channel = Sms(Twilio(POLICY.model_copy(update={"key": key}), "s3cret"), httpx2.MockTransport(answer), now=lambda: FIRST)
    assert await sent(channel, message(NUMBER)) == Delivered(f"201 {ID}")
    assert asked[0].headers["authorization"] == f"Basic {base64.b64encode(f'{key}:s3cret'.encode()).decode()}"
    assert f"/Accounts/{ACCOUNT}/" in asked[0].url.path


async def test_too_many_requests_are_put_off() -> None:
    fake = FakeTwilio(NOON, limited=1)
    assert await sent(twilio(fake), message(NUMBER)) == Retry(None, Trouble.DEFERRED, "429 20429")


@pytest.mark.parametrize("status", ["failed", "undelivered"])
async def test_a_text_that_failed_at_once_is_not_delivered(status: str) -> None:
    said = {"sid": ID, "status": status, "error_code": 21610}
    channel = Sms(Twilio(POLICY, TOKEN), httpx2.MockTransport(lambda request: httpx2.Response(201, json=said)), now=lambda: FIRST)  # noqa: ARG005
    assert await sent(channel, message(NUMBER)) == Failed(Refusal.OPTED_OUT, "201 21610")


async def test_an_answer_that_never_came_is_an_unknown_outcome() -> None:
    before = value(metrics.SMS_SEGMENTS.labels("gsm7"))
    async with wire(hangs_up) as server:
        outcome = await sent(Sms(Twilio(POLICY, TOKEN), server.transport, now=lambda: FIRST), message(NUMBER, text="Short."))
    assert outcome == Retry(None, Trouble.UNKNOWN, "RemoteProtocolError")
    assert server.calls == 1
    assert value(metrics.SMS_SEGMENTS.labels("gsm7")) - before == 1, "it may be billed"


async def test_a_text_that_arrived_though_its_answer_did_not_is_not_sent_again() -> None:
    fake = FakeTwilio(NOON)
    await sent(twilio(fake), message(NUMBER))
    assert await sent(twilio(fake, at=LATER), message(NUMBER)) == Delivered(f"found {ID}")
    assert (len(fake.messages), fake.looked_up) == (1, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"to": "+15005550006"},
        {"body": "Another text."},
        {"status": "undelivered"},
        {"date_created": "Mon, 01 Jan 2024 00:00:00 +0000"},
    ],
    ids=["of another number", "another text", "undelivered", "long ago"],
)
async def test_what_did_not_arrive_is_sent_again(change: dict[str, str]) -> None:
    fake = FakeTwilio(NOON)
    await sent(twilio(fake), message(NUMBER))
    fake.messages[0] |= change
    assert isinstance(await sent(twilio(fake, at=LATER), message(NUMBER)), Delivered)
    assert len(fake.messages) == 2


async def test_while_twilio_cannot_be_asked_nothing_goes_again() -> None:
    fake = FakeTwilio(NOON, limited=1)
    again = await sent(twilio(fake, at=LATER), message(NUMBER))
    assert again == Retry(None, Trouble.DEFERRED, "look-up 429")
    async with wire(hangs_up) as server:
        unanswered = await sent(Sms(Twilio(POLICY, TOKEN), server.transport, now=lambda: LATER), message(NUMBER))
    assert unanswered == Retry(None, Trouble.UNREACHABLE, "look-up")
    assert server.asked[0].startswith(b"GET ")
    assert fake.messages == []


# ── any provider ─────────────────────────────────────────────────────────────────────────────

DESCRIBED: dict[str, Any] = {
    "provider": "http",
    "url": "https://sms.example.org/v2/messages",
    "headers": {"authorization": "Bearer {secret}"},
    "json": {"messages": [{"to": "{to}", "text": "{text}", "reference": "{id}", "flash": False}]},
    "field": "messages.0.status",
    "taken": ["0"],
    "no_such_number": ["6"],
    "opted_out": ["29"],
    "refused": ["9"],
    "message_id": "messages.0.id",
}


def described(**said: Any) -> HttpSms:
    return HttpSms(**{**DESCRIBED, **said})


def provider(policy: HttpSms, answer: httpx2.Response) -> tuple[Sms, list[httpx2.Request]]:
    asked: list[httpx2.Request] = []

    def answers(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return answer

    return Sms(Generic(policy, "s3cret"), httpx2.MockTransport(answers), now=lambda: LATER), asked


def says_status(status: object, **said: Any) -> httpx2.Response:
    return httpx2.Response(200, json={"messages": [{"status": status, "id": "m-77", **said}]})


async def test_a_provider_is_called_as_it_is_described() -> None:
    channel, [] = provider(described(), says_status("0"))
    channel, asked = provider(described(), says_status("0"))
    text = 'He said "no", {id} \\ \n </x>'
    assert await sent(channel, message(NUMBER, text=text, unsubscribe=None)) == Delivered("200 m-77")
    [request] = asked
    assert (request.method, str(request.url), request.headers["authorization"]) == ("POST", DESCRIBED["url"], "Bearer s3cret")
    said = {"to": NUMBER, "text": text.strip(), "reference": "n-1", "flash": False}
    assert json.loads(request.content) == {"messages": [said]}


async def test_a_provider_may_want_a_form_and_a_login() -> None:
    policy = HttpSms(provider="http", url="https://sms.example.org", form={"to": "{to}", "text": "{text}"}, login="shop")
    channel, asked = provider(policy, httpx2.Response(202))
    assert await sent(channel, message(NUMBER, text="a&to=+1", unsubscribe=None)) == Delivered("202")
    assert asked[0].content == b"to=%2B4915112345678&text=a%26to%3D%2B1"
    assert asked[0].headers["authorization"] == f"Basic {base64.b64encode(b'shop:s3cret').decode()}"


async def test_a_provider_may_want_everything_in_the_url() -> None:
    policy = HttpSms(provider="http", url="https://sms.example.org/send", method="GET", query={"n": "{to}", "t": "{text}", "k": "{secret}"})
    channel, asked = provider(policy, httpx2.Response(200))
    assert await sent(channel, message(NUMBER, text="a b", unsubscribe=None)) == Delivered("200")
    assert dict(asked[0].url.params) == {"n": NUMBER, "t": "a b", "k": "s3cret"}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (says_status("6"), Failed(Refusal.ADDRESS, "200")),
        (says_status(6), Failed(Refusal.ADDRESS, "200")),
        (says_status("29"), Failed(Refusal.OPTED_OUT, "200")),
        (says_status("9"), Failed(Refusal.REFUSED, "200")),
        (says_status("1"), Retry(None, Trouble.DEFERRED, "200 not taken")),
        (httpx2.Response(200, text="<html>"), Retry(None, Trouble.DEFERRED, "200 not taken")),
        (httpx2.Response(400, json={"messages": [{"status": "6"}]}), Failed(Refusal.ADDRESS, "400")),
        (httpx2.Response(401), Retry(None, Trouble.RELAY, "401")),
        (httpx2.Response(429, headers={"retry-after": "5"}), Retry(timedelta(seconds=5), Trouble.DEFERRED, "429")),
        (httpx2.Response(500), Retry(None, Trouble.UNKNOWN, "500")),
        (httpx2.Response(503), Retry(None, Trouble.DEFERRED, "503")),
    ],
)
async def test_a_providers_answers_mean_what_is_described(answer: httpx2.Response, expected: Outcome) -> None:
    channel, _ = provider(described(), answer)
    assert await sent(channel, message(NUMBER)) == expected


@pytest.mark.parametrize("given", [f"{NUMBER[1:]}-1", "a b", "x" * 101, ""])
async def test_an_id_that_may_hold_the_number_is_not_kept(given: str) -> None:
    channel, _ = provider(described(), says_status("0", id=given))
    assert await sent(channel, message(NUMBER)) == Delivered("200")


async def test_an_unknown_outcome_of_any_provider_is_one() -> None:
    async with wire(says(b"")) as server:
        channel = Sms(Generic(described(), "s3cret"), server.transport, now=lambda: FIRST)
        assert await sent(channel, message(NUMBER)) == Retry(None, Trouble.UNKNOWN, "RemoteProtocolError")


# ── configuration ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"provider": "twilio", "account": "x", "sender": "Shop"}, "account"),
        ({"provider": "twilio", "account": ACCOUNT}, "messaging_service or sender"),
        ({"provider": "twilio", "account": ACCOUNT, "sender": "Shop", "messaging_service": SERVICE}, "not both"),
        ({**DESCRIBED, "url": "sms.example.org"}, "https://"),
        ({**DESCRIBED, "json": {"to": "{to}"}}, "{to} and {text}"),
        ({**DESCRIBED, "json": {"to": "{to}", "text": "{text.__class__}"}}, "is none of"),
        ({**DESCRIBED, "json": {"to": ["{to}"], "text": {"a": "{nobody}"}}}, "is none of"),
        ({**DESCRIBED, "headers": {"authorization": "{password}"}}, "is none of"),
        ({**DESCRIBED, "form": {"to": "{to}"}}, "not both"),
        ({**DESCRIBED, "field": ""}, "field does not say"),
        ({"provider": "pigeons"}, "pigeons"),
    ],
)
async def test_what_cannot_work_is_a_mistake_in_the_file(said: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named.replace("{", r"\{").replace("}", r"\}")):
        TypeAdapter(SmsPolicy).validate_python(said)


async def test_without_its_secret_no_provider_is_built() -> None:
    assert build(policy=None, secret="") is None
    for policy in (POLICY, described()):
        with pytest.raises(ConfigError, match="FOREWARN_SMS_SECRET"):
            build(policy=policy, secret="")
        assert build(policy=policy, secret="s3cret") is not None
    assert build(policy=described(headers={}), secret="") is not None
