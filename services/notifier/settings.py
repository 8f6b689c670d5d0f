"""The settings that notifier reads from its environment, beside those of every service."""

from pydantic import Field, SecretStr, field_validator, model_validator

from services.notifier.channels.email.mail import sender_of
from shared.configuration.secret_rules import weakness
from shared.settings import MailSettings
from shared.webhooks.addresses import networks_of

LONGEST_URL = 200  # characters; beside it a header line (RFC 5322, 2.1.1: 998 octets) has room for the token of the longest customer id


class NotifierSettings(MailSettings):
    """The settings of customers' pages, their links' secret, the mail server, and how long things are kept."""

    http_port: int = Field(8002, description="of REST, health and metrics")
    public_port: int = Field(8012, ge=1, le=65535, description="where the pages for customers are served, and nothing else")
    public_url: str = Field("http://localhost:8012", description="where customers reach /u/…; mailbox providers want https (RFC 8058)")
    link_secret: SecretStr = Field(SecretStr(""), description="seals the unsubscribe links; changing it ends those already sent")

    webhook_secret: SecretStr = Field(
        SecretStr(""),
        description="from which the secrets of customers' endpoints are derived; changing it gives each another; empty: no endpoints",
    )
    webhook_networks: str = Field("", description="networks that endpoints may be in although not public: `10.1.0.0/16, fd00::/8`")
    webhook_clear: bool = Field(False, description="true: endpoints may have http:// URLs, whose messages cross the network readable")

    keep_words_days: int = Field(90, ge=1, description="a settled notification's evidence, reasons and attempts")
    keep_ledger_days: int = Field(1100, ge=30, description="the rest of it: that it was told; longer than any topic is replayed")

    @field_validator("mail_from")
    @classmethod
    def _is_a_sender(cls, mail_from: str) -> str:
        sender_of(mail_from)
        return mail_from

    @field_validator("public_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        if not url.startswith(("http://", "https://")):
            raise ValueError("it begins with neither http:// nor https://")
        if not url.isascii() or not url.isprintable() or " " in url:
            raise ValueError("a URL has no spaces and only ASCII: write a domain beyond it as DNS has it (xn--…)")
        if len(url) > LONGEST_URL:
            raise ValueError(f"it has more than {LONGEST_URL} characters: a link would not fit into a header line of a mail")
        return url.rstrip("/")

    @field_validator("webhook_networks")
    @classmethod
    def _are_networks(cls, said: str) -> str:
        networks_of(said)
        return said

    @model_validator(mode="after")
    def _derives_from_a_secret(self) -> "NotifierSettings":
        value = self.webhook_secret.get_secret_value()
        if value and self.environment != "demo" and (why := weakness(value)):
            raise ValueError(f"FOREWARN_WEBHOOK_SECRET {why}; set it, or FOREWARN_WEBHOOK_SECRET_FILE")
        return self

    @model_validator(mode="after")
    def _has_two_ports(self) -> "NotifierSettings":
        if self.public_port == self.http_port:
            raise ValueError("FOREWARN_PUBLIC_PORT and FOREWARN_HTTP_PORT are the same: customers' pages have a port of their own")
        return self

    @classmethod
    def required_secrets(cls) -> frozenset[str]:
        return super().required_secrets() | {"link_secret"}
