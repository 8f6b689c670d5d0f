"""What notifier reads from its environment, beside what every service does."""

from typing import Literal

from pydantic import Field, SecretStr, field_validator

from services.notifier.channels.mail import sender_of
from shared.settings import Settings

LONGEST_URL = 200  # characters; beside it a header line (RFC 5322, 2.1.1: 998 octets) has room for the token of the longest customer id


class NotifierSettings(Settings):
    """FOREWARN_SMTP_*, FOREWARN_MAIL_FROM, FOREWARN_PUBLIC_URL and FOREWARN_LINK_SECRET."""

    smtp_host: str = "localhost"
    smtp_port: int = Field(25, ge=1, le=65535)
    smtp_username: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_tls: Literal["none", "starttls", "tls"] = "none"
    mail_from: str = Field("support@example.org", description="`address` or `Name <address>`; its domain ends every Message-ID")
    public_url: str = Field("http://localhost:8002", description="where customers reach /u/…; mailbox providers want https (RFC 8058)")
    link_secret: SecretStr = Field(SecretStr(""), description="seals the unsubscribe links; changing it ends those already sent")

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

    @classmethod
    def required_secrets(cls) -> frozenset[str]:
        return super().required_secrets() | {"link_secret"}
