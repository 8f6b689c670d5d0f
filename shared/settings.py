"""Reads a process's environment: every variable starts with FOREWARN_, every secret also as *_FILE.

A process refuses to start with what it cannot read, and outside `demo` with a secret that is too weak (`secret_rules.py`). The error names
variables and what is wrong with them, never a value.
"""

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from shared.configuration import secret_rules, settings_rules
from shared.configuration.files import ConfigError

PREFIX = "FOREWARN_"
SHARED_TOKENS = frozenset({"producer_token", "agent_token", "operator_token"})


class SettingsError(ConfigError):
    """The environment does not say what it must; one line per mistake, with the variable's name and without its value."""


class SecretFiles(PydanticBaseSettingsSource):
    """Reads secrets from files: FOREWARN_X_FILE names a file that holds FOREWARN_X, as container secrets do; the file wins."""

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
    """Returns the environment variable of a setting."""
    return f"{PREFIX}{field_name.upper()}"


class Settings(BaseSettings):
    """Every service and init read these settings.

    A service adds its own in a subclass. Raises SettingsError.
    """

    # Pydantic's own error would show the input of a refusal, which is all settings with their secrets.
    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True)

    environment: Literal["production", "demo"] = Field(
        "production", description="production refuses to start with a secret that is missing, short, well known or equal to another"
    )
    kafka: str = Field("localhost:9092", description="bootstrap servers, host:port[,host:port]")
    kafka_prefix: str = Field("", description="before every topic and consumer group of ours, so that two Forewarns can share a broker")
    kafka_security: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] = Field(
        "plaintext", description="how the brokers are spoken to: with TLS (ssl), with log-in (sasl)"
    )
    kafka_ca: str = Field("", description="PEM file of the authorities that sign the brokers' certificates; the system's when not given")
    kafka_certificate: str = Field("", description="PEM file of our certificate, for brokers that want one")
    kafka_key: str = Field("", description="PEM file of its private key, where that is not in the same file")
    kafka_key_password: SecretStr = Field(SecretStr(""), description="of the private key, where it is encrypted")
    kafka_sasl: Literal["", "plain", "scram-sha-256", "scram-sha-512", "oauthbearer"] = Field("", description="the mechanism of the log-in")
    kafka_username: str = Field("", description="for plain and scram")
    kafka_password: SecretStr = Field(SecretStr(""), description="for plain and scram")
    kafka_token_file: str = Field("", description="file with the token for oauthbearer, read for each connection")
    kafka_clear_login: bool = Field(False, description="true: send password or token without TLS, where nobody else is on the way")
    database_host: str = Field("localhost", description="the server of Postgres, or the folder of a Unix socket")
    database_port: int = Field(5432, description="where it listens")
    database_name: str = Field("forewarn", description="the database, in which each service has a schema")
    database_user: str = Field("forewarn", description="the service's role: `forewarn_<service>`, as init makes it")
    database_password: SecretStr = Field(SecretStr(""), description="of that role")
    database_tls: Literal["disable", "prefer", "require", "verify-ca", "verify-full"] = Field("prefer", description="as libpq's sslmode")
    database_ca: str = Field("", description="PEM file of the authorities that sign the server's certificate; the system's when not given")
    database_certificate: str = Field("", description="PEM file of our certificate, for a server that wants one")
    database_key: str = Field("", description="PEM file of its private key, where that is not in the same file")
    database_key_password: SecretStr = Field(SecretStr(""), description="of the private key, where it is encrypted")
    database_pool: int = Field(10, ge=2, description="connections one process may hold")
    http_host: str = Field("127.0.0.1", description="the address that REST is served on; 0.0.0.0 in the image")
    http_port: int = Field(8000, description="of REST, health and metrics")
    http_connections: int = Field(2500, ge=10, description="open at once; above it the one that waits longest for its client goes")
    http_requests: int = Field(500, ge=1, description="worked on at once; beyond them 503 with Retry-After")
    http_bodies: int = Field(64, ge=1, description="bodies above 16 KiB held at once; beyond them 503 with Retry-After")
    http_header_seconds: float = Field(10, gt=0, description="that a request's headers have to arrive")
    http_body_seconds: float = Field(20, gt=0, description="that a body has to arrive")
    http_answer_seconds: float = Field(20, gt=0, description="that an answer has to be taken")
    http_idle_seconds: int = Field(75, ge=1, description="that a connection may rest between two requests")
    config_dir: Path = Field(
        Path("deploy/config"), description="the folder of catalog.yml, rules.yml, notifications.yml and support.yml, as shipped"
    )
    own_config_dir: str = Field("", description="the folder of an operator's own files, each in the place of the shipped one of its name")
    letters_per_minute: int = Field(1000, ge=0, description="dead letters of a stream kept whole; what is above goes as a pointer")
    instance: str = Field("", description="this replica's own name, or `hostname`: static group membership, no rebalance on restart")
    tokens_file: str = Field("", description="the file that `forewarn tokens` writes: callers by name, with hashes of their tokens")
    producer_token: SecretStr = Field(SecretStr(""), description="one bearer token for all product systems")
    agent_token: SecretStr = Field(SecretStr(""), description="one bearer token for all support agents")
    operator_token: SecretStr = Field(SecretStr(""), description="one bearer token for all who run it")

    @property
    def config_folders(self) -> tuple[Path, ...]:
        """Returns the folders of configuration files, in order: the operator's own, if there is one, then the shipped one."""
        return (Path(self.own_config_dir), self.config_dir) if self.own_config_dir else (self.config_dir,)

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

    @model_validator(mode="after")
    def _refuse_connections_that_cannot_be(self) -> "Settings":
        if found := list(settings_rules.troubles(self)):
            raise ValueError("\n".join(found))
        return self

    @classmethod
    def required_secrets(cls) -> frozenset[str]:
        """Returns the secrets without which the process must not start outside demo.

        With a file of tokens, an empty shared token is turned off.
        """
        return SHARED_TOKENS | {"database_password"}


class MailSettings(Settings):
    """These settings reach the mail server: FOREWARN_SMTP_* and FOREWARN_MAIL_FROM."""

    smtp_host: str = Field("localhost", description="the mail server; in compose MailDev, which shows every mail and delivers none")
    smtp_port: int = Field(25, ge=1, le=65535, description="where it listens")
    smtp_username: str = Field("", description="empty: no log-in")
    smtp_password: SecretStr = Field(SecretStr(""), description="of that user")
    smtp_tls: Literal["none", "starttls", "tls"] = Field("none", description="starttls: after connecting; tls: from the first byte")
    smtp_ca: str = Field("", description="PEM file of the authorities that sign the mail server's certificate; the system's when not given")
    smtp_clear: bool = Field(False, description="true: mails cross the network without TLS, where nobody else is on the way")
    smtp_clear_login: bool = Field(False, description="true: so does the password; it includes the former")
    mail_from: str = Field("support@example.org", description="`address` or `Name <address>`; its domain ends every Message-ID")

    @property
    def speaks_tls(self) -> bool:
        """Says whether there is a mail server that is spoken to with TLS."""
        return self.smtp_tls != "none"

    @model_validator(mode="after")
    def _keep_mails_from_the_wire(self) -> "MailSettings":
        if found := list(settings_rules.mail_troubles(self)):
            raise ValueError("\n".join(found))
        return self


def _said(where: tuple[int | str, ...], what: str) -> str:
    what = what.removeprefix("Value error, ")
    return f"{variable_of(str(where[0]))}: {what}" if where else what
