"""Receipts of texts: known to be Twilio's by its signature, and understood; those of any provider as they are described."""

from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from pydantic import TypeAdapter, ValidationError

from services.notifier.audience import Contact
from services.notifier.channels.given import sms_callback
from services.notifier.channels.outcome import Refusal
from services.notifier.channels.sms.building import build, reader_of
from services.notifier.channels.sms.channel import Sms
from services.notifier.channels.sms.policy import HttpSms, SmsPolicy, TwilioSms
from services.notifier.channels.sms.receipts import Callback, HttpReceiptsReader, Receipt, TwilioReceipts
from services.notifier.channels.sms.twilio import Twilio
from services.notifier.links import Links, What
from services.notifier.settings import NotifierSettings
from tests.builders import NOON
from tests.providers.twilio import ACCOUNT, SERVICE, TOKEN, FakeTwilio
from tests.unit.notifier.builders import POLICY as TEXTS
from tests.unit.notifier.channels.building import message

NUMBER = "+4915112345678"
SID = "SM" + "0" * 32
POLICY = TwilioSms(provider="twilio", account=ACCOUNT, messaging_service=SERVICE)
READER = TwilioReceipts(ACCOUNT, TOKEN)
LINKS = Links("https://notify.example.com", "a secret")


def form(**said: str) -> bytes:
    return urlencode({"AccountSid": ACCOUNT, "MessageSid": SID, **said}).encode()


# ── Twilio ───────────────────────────────────────────────────────────────────────────────────


def test_the_signature_is_the_one_of_twilios_own_example() -> None:
    said = {"CallSid": "CA1234567890ABCDE", "Caller": "+14158675309", "Digits": "1234", "From": "+14158675309", "To": "+18005551212"}
    headers = {"x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}
    callback = Callback("https://mycompany.com/myapp.php?foo=1&bar=2", headers, urlencode(said).encode())
    assert TwilioReceipts("", "12345").is_genuine(callback)
    assert not TwilioReceipts("", "12346").is_genuine(callback)


@pytest.mark.parametrize(
    ("signed", "called"),
    [
        ("https://a.example/r/t", "https://a.example/r/t"),
        ("https://a.example:443/r/t", "https://a.example/r/t"),
        ("https://a.example/r/t", "https://a.example:8443/r/t"),
        ("http://a.example:80/r/t?q=1", "http://a.example/r/t?q=1"),
    ],
)
def test_twilio_may_sign_the_port_or_not(signed: str, called: str) -> None:
    headers = {"x-twilio-signature": READER.signature(f"{signed}a1a2b").decode()}
    assert READER.is_genuine(Callback(called, headers, b"b=&a=2&a=1"))


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"a=1", {}),
        (b"a=1", {"x-twilio-signature": "\u00fc"}),
        (b"a=2", {"x-twilio-signature": READER.signature("https://a.example/r/ta1").decode()}),
        (b"\xff\0" * 100, {"x-twilio-signature": "x" * 10_000}),
        (b"&".join(b"a=1" for _ in range(10_000)), {"x-twilio-signature": "x"}),
    ],
)
def test_what_twilio_did_not_sign_is_forged(body: bytes, headers: dict[str, str]) -> None:
    assert not READER.is_genuine(Callback("https://a.example/r/t", headers, body))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        *(({"MessageStatus": each}, None) for each in ("accepted", "queued", "sending", "sent", "canceled", "", "of tomorrow")),
        ({"MessageStatus": "delivered"}, Receipt(None, "", SID)),
        ({"MessageStatus": "read"}, Receipt(None, "", SID)),
        ({"MessageStatus": "failed", "ErrorCode": "21610"}, Receipt(Refusal.OPTED_OUT, "21610", SID)),
        ({"MessageStatus": "undelivered", "ErrorCode": "30003"}, Receipt(Refusal.EXPIRED, "30003", SID)),
        ({"MessageStatus": "undelivered", "ErrorCode": "30004"}, Receipt(Refusal.REFUSED, "30004", SID)),
        ({"MessageStatus": "undelivered", "ErrorCode": "30005"}, Receipt(Refusal.ADDRESS, "30005", SID)),
        ({"MessageStatus": "undelivered", "ErrorCode": "30008"}, Receipt(Refusal.EXPIRED, "30008", SID)),
        ({"MessageStatus": "failed", "ErrorCode": "30001"}, Receipt(Refusal.EXPIRED, "30001", SID)),
        ({"MessageStatus": "failed"}, Receipt(Refusal.EXPIRED, "failed", SID)),
        ({"MessageStatus": "failed", "ErrorCode": "+49151"}, Receipt(Refusal.EXPIRED, "failed", SID)),
        ({"MessageStatus": "failed", "ErrorCode": "٣", "MessageSid": NUMBER}, Receipt(Refusal.EXPIRED, "failed", "")),
        ({"MessageStatus": "delivered", "AccountSid": "AC" + "9" * 32}, None),
    ],
)
def test_a_status_of_twilio_means_what_twilio_says(said: dict[str, str], meant: Receipt | None) -> None:
    assert READER.read(Callback("", {}, form(**said))) == meant


@pytest.mark.asyncio
async def test_a_text_goes_out_with_an_address_for_its_receipts_that_names_no_number() -> None:
    fake = FakeTwilio(NOON)

    def callback(each: Any) -> str:
        return LINKS.to_receipt(each.id, "sms", each.address)

    channel = Sms(Twilio(POLICY, TOKEN, callback), httpx2.ASGITransport(fake), now=lambda: NOON)
    await channel.send([message(NUMBER)])
    [given] = fake.callbacks
    use = LINKS.use_of(given.rpartition("/")[2], What.RECEIPT)
    assert use is not None
    assert (use.notification_id, LINKS.went_to(use, "sms", NUMBER)) == ("n-1", True)
    assert not LINKS.went_to(use, "sms", "+4915112345679")
    call = fake.callback(0, "delivered", None)
    assert READER.is_genuine(Callback(call.url, call.headers, call.body))


@pytest.mark.parametrize(
    ("said", "token", "reads"),
    [
        ({}, "t", True),
        ({}, "", False),
        ({"status_callback": "https://elsewhere.example/sms"}, "t", False),
    ],
)
def test_receipts_of_twilio_are_read_where_its_signature_can_be_checked(said: dict[str, str], token: str, reads: bool) -> None:
    assert (reader_of(TwilioSms.model_validate({**POLICY.model_dump(exclude_defaults=True), **said}), token) is not None) == reads


@pytest.mark.parametrize(
    ("url", "sms", "asks"),
    [("https://notify.example.com", POLICY, True), ("http://localhost:8012", POLICY, False), ("https://notify.example.com", None, False)],
)
def test_twilio_is_asked_for_receipts_where_it_can_reach_us(url: str, sms: TwilioSms | None, asks: bool) -> None:
    settings = NotifierSettings(environment="demo", public_url=url, sms_secret=TOKEN, link_secret="a secret")
    policy = TEXTS.model_copy(update={"sms": sms})
    found = sms_callback(settings, policy)
    assert (found is not None) == asks
    assert found is None or found(message(NUMBER)) == LINKS.to_receipt("n-1", "sms", NUMBER)


def test_the_token_of_a_key_signs_nothing() -> None:
    settings = NotifierSettings(environment="demo", sms_secret="of the account")
    keyed = POLICY.model_copy(update={"key": "SK" + "a" * 32})
    assert settings.sms_auth_token(POLICY) == "of the account"
    assert settings.sms_auth_token(keyed) == ""
    assert NotifierSettings(environment="demo", sms_secret="of a key", sms_signing_token="auth").sms_auth_token(keyed) == "auth"


# ── any provider ─────────────────────────────────────────────────────────────────────────────

DESCRIBED: dict[str, Any] = {
    "provider": "http",
    "url": "https://sms.example.org",
    "json": {"to": "{to}", "text": "{text}", "notify": "{callback}"},
    "receipts": {
        "field": "results.0.status",
        "delivered": ["DELIVRD"],
        "no_such_number": ["UNKNOWN"],
        "opted_out": ["STOP"],
        "refused": ["REJECTD"],
        "expired": ["EXPIRED"],
    },
}


@pytest.mark.parametrize(
    ("body", "meant"),
    [
        (b'{"results": [{"status": "DELIVRD"}]}', Receipt(None)),
        (b'{"results": [{"status": "UNKNOWN"}]}', Receipt(Refusal.ADDRESS, "UNKNOWN")),
        (b'{"results": [{"status": "STOP"}]}', Receipt(Refusal.OPTED_OUT, "STOP")),
        (b'{"results": [{"status": "REJECTD"}]}', Receipt(Refusal.REFUSED, "REJECTD")),
        (b'{"results": [{"status": "EXPIRED"}]}', Receipt(Refusal.EXPIRED, "EXPIRED")),
        (b'{"results": [{"status": "ENROUTE"}]}', None),
        (b'{"results": [' * 2_000, None),
        (b"\xff", None),
        (b"", None),
    ],
)
def test_a_provider_is_understood_as_it_is_described(body: bytes, meant: Receipt | None) -> None:
    reader = reader_of(HttpSms.model_validate(DESCRIBED), "")
    assert isinstance(reader, HttpReceiptsReader)
    assert reader.read(Callback("", {}, body)) == meant


def test_a_provider_may_say_it_in_a_form() -> None:
    described = {**DESCRIBED, "receipts": {"field": "state", "delivered": ["1"], "expired": ["2"]}}
    reader = reader_of(HttpSms.model_validate(described), "")
    assert reader is not None
    assert [reader.read(Callback("", {}, body)) for body in (b"state=1&id=7", b"state=2")] == [Receipt(None), Receipt(Refusal.EXPIRED, "2")]


@pytest.mark.asyncio
async def test_a_provider_is_told_where_its_receipts_go() -> None:
    asked: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(200)

    contact = Contact("sms", NUMBER)
    channel = build(
        policy=HttpSms.model_validate(DESCRIBED), secret="", transport=httpx2.MockTransport(answer), callback=lambda each: f"at {each.id}"
    )
    assert channel is not None
    await channel.send([message(contact.address)])
    assert b'"notify":"at n-1"' in asked[0].content


@pytest.mark.parametrize(
    "said", [{"receipts": None}, {"json": {"to": "{to}", "text": "{text}"}}, {"receipts": {"field": "x", "delivered": []}}]
)
def test_half_a_description_is_a_mistake_in_the_file(said: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(SmsPolicy).validate_python({**DESCRIBED, **said})
