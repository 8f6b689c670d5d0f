"""The settings that notifier reads from its environment, beside those of every service."""

import re
from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from services.notifier.channels.email.dkim import Signer
from services.notifier.channels.email.mail import Sender, sender_of
from services.notifier.channels.email.relays import Relay, relays_of
from services.notifier.channels.email.verp import ReturnPaths, address_trouble
from services.notifier.channels.sms.policy import SmsPolicy, TwilioSms
from services.notifier.links import Links
from shared.configuration.secret_rules import weakness
from shared.configuration.settings_rules import allows_clear, mailbox_troubles
from shared.settings import MailSettings
from shared.webhooks.addresses import networks_of

_name = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*").fullmatch
LONGEST_URL = 200  # characters; beside it a header line (RFC 5322, 2.1.1: 998 octets) has room for the token of the longest customer id


class NotifierSettings(MailSettings):
    """The settings of customers' pages, their links' secret, the mail server, and how long things are kept."""

    http_port: int = Field(8002, description="of REST, health and metrics")
    public_port: int = Field(8012, ge=1, le=65535, description="where the pages for customers are served, and nothing else")
    public_url: str = Field(
        "http://localhost:8012",
        description="where customers reach what links lead to (/u/…, /h/…); mailbox providers want https (RFC 8058)",
    )
    link_secret: SecretStr = Field(SecretStr(""), description="seals the links under notifications; changing it ends those already sent")

    smtp_relays: SecretStr = Field(
        SecretStr(""),
        description="several mail servers instead of one: URLs with spaces between, `smtp://user:password@host:587?weight=3` or `smtps://…`",
    )
    dkim_selector: str = Field("", description="mails are signed (DKIM) when it is given: the name of the key in DNS")
    dkim_domain: str = Field("", description="the domain that signs: that of FOREWARN_MAIL_FROM when not given, or one above it")
    dkim_key: SecretStr = Field(SecretStr(""), description="the private key in PEM, RSA or Ed25519")
    sms_secret: SecretStr = Field(SecretStr(""), description="of the SMS provider in notifications.yml: its token, key or password")
    sms_signing_token: SecretStr = Field(
        SecretStr(""),
        description="Twilio's auth token, with which it signs what became of texts, where FOREWARN_SMS_SECRET is the secret of a key",
    )
    operator_addresses: SecretStr = Field(
        SecretStr(""), description="where operators are told, a line each: a name that notifications.yml may use, `=`, the address"
    )

    bounce_address: str = Field(
        "", description="where bounces come to: each mail's return path is made of it; empty: mails return to FOREWARN_MAIL_FROM"
    )
    bounce_imap_host: str = Field("", description="the server of the mailbox where they arrive; empty: none is read, they come by HTTP")
    bounce_imap_port: int = Field(993, ge=1, le=65535, description="where it listens")
    bounce_imap_tls: Literal["none", "starttls", "tls"] = Field("tls", description="starttls: after connecting; tls: from the first byte")
    bounce_imap_ca: str = Field("", description="PEM file of the authorities that sign its certificate; the system's when not given")
    bounce_imap_username: str = Field("", description="whose mailbox it is")
    bounce_imap_password: SecretStr = Field(SecretStr(""), description="of that user")
    bounce_imap_folder: str = Field("INBOX", min_length=1, description="the folder that is read")
    bounce_imap_done: str = Field("", description="the folder that what was read is moved to; empty: it stays there, and is marked as seen")
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

    @field_validator("smtp_relays")
    @classmethod
    def _are_relays(cls, urls: SecretStr) -> SecretStr:
        relays_of(urls.get_secret_value())
        return urls

    @field_validator("dkim_key")
    @classmethod
    def _is_a_key(cls, key: SecretStr) -> SecretStr:
        if key.get_secret_value():
            Signer("example.org", "any", key.get_secret_value())
        return key

    @field_validator("dkim_selector", "dkim_domain")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        if name and not _name(name):
            raise ValueError("it is no name in DNS: letters, figures and hyphens, with dots between")
        return name.lower()

    @field_validator("bounce_address")
    @classmethod
    def _takes_bounces(cls, address: str) -> str:
        if address and (trouble := address_trouble(address)):
            raise ValueError(trouble)
        return address

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

    @model_validator(mode="after")
    def _keep_mails_to_relays_from_the_wire(self) -> "NotifierSettings":
        for place, relay in enumerate(relays_of(self.smtp_relays.get_secret_value()), start=1):
            login = bool(relay.username)
            if relay.tls == "none" and not allows_clear(self, relay.host, login=login):
                what, variable = ("its password", "_LOGIN") if login else ("what customers are told", "")
                raise ValueError(
                    f"FOREWARN_SMTP_RELAYS: relay {place} has tls=none, so that {what} would cross the network in clear:"
                    f" leave that out, or set FOREWARN_SMTP_CLEAR{variable}=true"
                )
        return self

    @model_validator(mode="after")
    def _can_sign(self) -> "NotifierSettings":
        key = self.dkim_key.get_secret_value()
        if bool(key) != bool(self.dkim_selector) or (self.dkim_domain and not key):
            raise ValueError("FOREWARN_DKIM_KEY and FOREWARN_DKIM_SELECTOR go together: mails are signed with both, or with neither")
        sender = sender_of(self.mail_from)
        if key and not f".{sender.domain.lower()}".endswith(f".{self._signing_domain(sender)}"):
            raise ValueError("FOREWARN_DKIM_DOMAIN is neither the domain of FOREWARN_MAIL_FROM nor one above it: DMARC would not count it")
        return self

    @property
    def links(self) -> Links:
        """Returns what makes the links under notifications."""
        return Links(self.public_url, self.link_secret.get_secret_value())

    def sms_auth_token(self, policy: SmsPolicy | None) -> str:
        """Returns the token with which Twilio signs; empty when it is not known."""
        uses_it = isinstance(policy, TwilioSms) and not policy.key
        return self.sms_signing_token.get_secret_value() or (self.sms_secret.get_secret_value() if uses_it else "")

    @property
    def mail_relays(self) -> tuple[Relay, ...]:
        """Returns the mail servers that mails go through."""
        one = Relay(self.smtp_host, self.smtp_port, self.smtp_tls, self.smtp_username, self.smtp_password.get_secret_value())
        return relays_of(self.smtp_relays.get_secret_value()) or (one,)

    @property
    def speaks_tls(self) -> bool:
        return any(relay.tls != "none" for relay in self.mail_relays)

    def mail_signer(self, sender: Sender) -> Signer | None:
        """Returns what signs mails; None: nobody does."""
        key = self.dkim_key.get_secret_value()
        return Signer(self._signing_domain(sender), self.dkim_selector, key) if key else None

    def _signing_domain(self, sender: Sender) -> str:
        return self.dkim_domain or sender.domain.lower()

    @model_validator(mode="after")
    def _keep_the_mailbox_from_others(self) -> "NotifierSettings":
        mailbox = (self.bounce_imap_host, self.bounce_imap_tls, self.bounce_imap_ca)
        if found := list(mailbox_troubles(self, "BOUNCE_IMAP", *mailbox)):
            raise ValueError("\n".join(found))
        return self

    @property
    def return_paths(self) -> ReturnPaths | None:
        """Returns what makes the return paths of mails; None when they have none of their own."""
        return ReturnPaths(self.bounce_address, self.link_secret.get_secret_value().encode()) if self.bounce_address else None

    @classmethod
    def required_secrets(cls) -> frozenset[str]:
        return super().required_secrets() | {"link_secret"}
