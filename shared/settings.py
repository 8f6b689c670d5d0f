"""What a process reads from its environment: every variable starts with FOREWARN_, every secret also as *_FILE.

A process refuses to start with what it cannot read, and outside `demo` with a secret that is none (`secret_rules.py`). What it says
then has the names of variables and what is wrong with them, never a value.
"""

import os
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from shared import secret_rules
from shared.config import ConfigError

PREFIX = "FOREWARN_"
SHARED_TOKENS = frozenset({"producer_token", "agent_token", "operator_token"})


class SettingsError(ConfigError):
    """The environment does not say what it must; one line per mistake, with the variable's name and without its value."""


class SecretFiles(PydanticBaseSettingsSource):
    """FOREWARN_X_FILE names a file that holds FOREWARN_X, as container secrets do; the file wins."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        variable = f"{variable_of(field_name)}_FILE"
        path = os.environ.get(variable)
        return (secret_rules.read_file(variable, path) if path else None), field_name, False

    def __call__(self) -> dict[str, Any]:
        found, mistakes = {}, []
        for name, field in self.settings_cls.model_fields.items():
            try:
                found[name] = self.get_field_value(field, name)[0]
            except ValueError as error:
                mistakes.append(str(error))
        if mistakes:
            raise SettingsError("\n".join(mistakes))
        return {name: value for name, value in found.items() if value is not None}


def variable_of(field_name: str) -> str:
    """The environment variable of a setting."""
    return f"{PREFIX}{field_name.upper()}"


class Settings(BaseSettings):
    """What every service needs; a service adds its own in a subclass. Raises SettingsError."""

    # Pydantic's own error would show the input of a refusal, which is all settings with their secrets.
    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True)

    environment: Literal["production", "demo"] = "production"
    kafka: str = Field("localhost:9092", description="bootstrap servers, host:port[,host:port]")
    database_host: str = "localhost"  # or the folder of a Unix socket
    database_port: int = 5432
    database_name: str = "forewarn"
    database_user: str = "forewarn"
    database_password: SecretStr = SecretStr("")
    database_pool: int = Field(10, ge=2, description="connections one process may hold")
    http_host: str = "127.0.0.1"
    http_port: int = 8000
    http_connections: int = Field(2500, ge=10, description="open at once; above it the one that waits longest for its client goes")
    http_requests: int = Field(500, ge=1, description="worked on at once; beyond them 503 with Retry-After")
    http_bodies: int = Field(64, ge=1, description="bodies above 16 KiB held at once; beyond them 503 with Retry-After")
    http_header_seconds: float = Field(10, gt=0, description="that a request's headers have to arrive")
    http_body_seconds: float = Field(20, gt=0, description="that a body has to arrive")
    http_answer_seconds: float = Field(20, gt=0, description="that an answer has to be taken")
    http_idle_seconds: int = Field(75, ge=1, description="that a connection may rest between two requests")
    config_dir: Path = Path("deploy/config")
    letters_per_minute: int = Field(1000, ge=0, description="dead letters of a stream kept whole; what is above goes as a pointer")
    instance: str = Field("", description="a stable name for this replica: static group membership, no rebalance on restart")
    tokens_file: str = Field("", description="the file that `forewarn tokens` writes: callers by name, with hashes of their tokens")
    producer_token: SecretStr = SecretStr("")  # this and the next two: one token for everybody of a role
    agent_token: SecretStr = SecretStr("")
    operator_token: SecretStr = SecretStr("")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, SecretFiles(settings_cls), env_settings

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise SettingsError("\n".join(_said(each["loc"], each["msg"]) for each in error.errors(include_input=False))) from None

    @model_validator(mode="after")
    def _refuse_secrets_that_are_none(self) -> "Settings":
        if self.environment == "demo":
            return self
        secrets = {variable_of(name): value.get_secret_value() for name, value in self if isinstance(value, SecretStr)}
        off = frozenset(name for name in SHARED_TOKENS if self.tokens_file and not getattr(self, name).get_secret_value())
        required = frozenset(map(variable_of, self.required_secrets() - off))
        if found := list(secret_rules.troubles(secrets, required)):
            raise ValueError("\n".join(found))
        return self

    @classmethod
    def required_secrets(cls) -> frozenset[str]:
        """The secrets without which the process must not start outside demo; with a file of tokens, an empty shared token is turned off."""
        return SHARED_TOKENS | {"database_password"}


class MailSettings(Settings):
    """The mail server: FOREWARN_SMTP_* and FOREWARN_MAIL_FROM."""

    smtp_host: str = "localhost"
    smtp_port: int = Field(25, ge=1, le=65535)
    smtp_username: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_tls: Literal["none", "starttls", "tls"] = "none"
    smtp_clear_login: bool = Field(False, description="true: log in without TLS too, where nobody else is on the way to the mail server")
    mail_from: str = Field("support@example.org", description="`address` or `Name <address>`; its domain ends every Message-ID")

    @model_validator(mode="after")
    def _keep_the_password_from_the_wire(self) -> "MailSettings":
        in_clear = self.smtp_username and self.smtp_tls == "none" and not _on_this_machine(self.smtp_host)
        if in_clear and not self.smtp_clear_login and self.environment != "demo":
            raise ValueError(
                "FOREWARN_SMTP_TLS is none, so that FOREWARN_SMTP_PASSWORD would cross the network in clear:"
                " set it to starttls or tls, or set FOREWARN_SMTP_CLEAR_LOGIN=true"
            )
        return self


def _on_this_machine(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _said(where: tuple[int | str, ...], what: str) -> str:
    what = what.removeprefix("Value error, ")
    return f"{variable_of(str(where[0]))}: {what}" if where else what
