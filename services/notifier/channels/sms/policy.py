"""The part `sms:` of `notifications.yml`: which provider brings texts, and how it is called. Its secret is a setting."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, JsonValue, model_validator

from shared.configuration.files import Config
from shared.configuration.templates import naming_only

FIELDS = frozenset({"to", "text", "id", "secret", "callback"})  # what a template may name
_fitting = naming_only(FIELDS).func


def _leaves(value: JsonValue) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for each in value:
                yield from _leaves(each)
        case dict():
            for each in value.values():
                yield from _leaves(each)


def _templates(value: Any) -> Any:
    for leaf in _leaves(value):
        _fitting(leaf)  # type: ignore[call-arg]
    return value


def _is_url(url: str) -> str:
    if not url.startswith(("https://", "http://")):
        raise ValueError("it begins with neither https:// nor http://")
    return url.rstrip("/")


Template = Annotated[str, Field(max_length=2000), naming_only(FIELDS)]
Url = Annotated[str, Field(max_length=2000), AfterValidator(_is_url)]
PerSecond = Annotated[float, Field(gt=0, le=10_000)]
Body = Annotated[dict[str, JsonValue], AfterValidator(_templates)]


class TwilioSms(Config):
    """Twilio, or a provider that speaks as it does. The auth token, or the secret of `key`, is FOREWARN_SMS_SECRET."""

    provider: Literal["twilio"] = Field(description="Twilio's Messages resource")
    account: str = Field(pattern=r"^AC[0-9a-fA-F]{32}$", description="the Account SID")
    key: str = Field("", pattern=r"^(SK[0-9a-fA-F]{32})?$", description="the SID of an API key; empty: the account's auth token is used")
    messaging_service: str = Field("", pattern=r"^(MG[0-9a-fA-F]{32})?$", description="the Messaging Service that sends")
    sender: str = Field("", max_length=20, description="or the number, short code or name that sends")
    status_callback: str = Field("", max_length=4000, description="where Twilio says what became of a text; empty: here, if it can")
    url: Url = Field("https://api.twilio.com", description="another region, or another provider")
    per_second: PerSecond = Field(50, description="texts that are handed over in a second; Twilio has a queue of its own for each number")

    @model_validator(mode="after")
    def _has_a_sender(self) -> "TwilioSms":
        if bool(self.messaging_service) == bool(self.sender):
            raise ValueError("it needs messaging_service or sender, and not both")
        return self


class HttpReceipts(Config):
    """What the provider says later of a text, at the address `callback`: as JSON, or as a form."""

    field: str = Field(min_length=1, max_length=200, description="where it says what became of the text, as `results.0.status`")
    delivered: frozenset[str] = Field(min_length=1, description="what stands there when it has arrived")
    no_such_number: frozenset[str] = Field(frozenset(), description="what stands there when the number does not exist")
    opted_out: frozenset[str] = Field(frozenset(), description="what stands there when the recipient wants no more texts")
    refused: frozenset[str] = Field(frozenset(), description="what stands there when it was refused")
    expired: frozenset[str] = Field(frozenset(), description="what stands there when it did not arrive, and another may")


class HttpSms(Config):
    """Any provider with an HTTP API. Templates may name, in braces: to (the number), text, id (the same for every try), secret, and
    callback (where the provider says later what became of the text)."""

    provider: Literal["http"] = Field(description="the provider that the keys below describe")
    url: Url = Field(description="what is called for each text")
    method: Literal["POST", "PUT", "GET"] = Field("POST", description="how")
    headers: dict[str, Template] = Field({}, max_length=20, description="templates")
    login: str = Field("", max_length=200, description="the user of HTTP's basic log-in, whose password is the secret; empty: none")
    query: dict[str, Template] = Field({}, max_length=50, description="templates of parameters in the URL")
    json_body: Body = Field({}, alias="json", description="the body as JSON, whose texts are templates")
    form: dict[str, Template] = Field({}, max_length=50, description="or the body as a form, of templates")
    per_second: PerSecond = Field(10, description="texts that are handed over in a second")
    accepted: frozenset[int] = Field(frozenset({200, 201, 202, 204}), description="the statuses of an answer that the text was taken")
    field: str = Field("", max_length=200, description="where the answer's JSON says more, as `messages.0.status`; empty: nowhere")
    taken: frozenset[str] = Field(frozenset(), description="what stands there when the text was taken; nothing: whatever it is")
    no_such_number: frozenset[str] = Field(frozenset(), description="what stands there when the number does not exist")
    opted_out: frozenset[str] = Field(frozenset(), description="what stands there when the recipient wants no more texts")
    refused: frozenset[str] = Field(frozenset(), description="what stands there when another try brings nothing either")
    message_id: str = Field("", max_length=200, description="where the answer's JSON has the provider's id of the text")
    receipts: HttpReceipts | None = Field(None, description="what the provider says later of a text; none: nothing")

    @model_validator(mode="after")
    def _says_each_thing_once(self) -> "HttpSms":
        if self.json_body and self.form:
            raise ValueError("a body is json or form, and not both")
        if not self.field and (self.taken or self.no_such_number or self.opted_out or self.refused):
            raise ValueError("field does not say where the answer says so")
        said = repr((self.headers, self.query, self.json_body, self.form))
        if "{to}" not in said or "{text}" not in said:
            raise ValueError("no template names {to} and {text}: the provider would not know what to send, or to whom")
        if ("{callback}" in said) != (self.receipts is not None):
            raise ValueError("a template names {callback}, and receipts says what is said there: both, or neither")
        return self


SmsPolicy = Annotated[TwilioSms | HttpSms, Field(discriminator="provider")]
