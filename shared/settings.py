"""What a process reads from its environment: every variable starts with FOREWARN_, every secret also as *_FILE.

A process refuses to start outside `demo` with a secret that is missing or that everybody knows.
"""

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

WELL_KNOWN = frozenset({"", "demo", "forewarn", "changeme", "change-me", "secret", "password", "postgres"})


class SecretFiles(PydanticBaseSettingsSource):
    """FOREWARN_X_FILE names a file that holds FOREWARN_X, as container secrets do; the file wins."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        path = os.environ.get(f"FOREWARN_{field_name.upper()}_FILE")
        return (Path(path).read_text().strip() if path else None), field_name, False

    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


class Settings(BaseSettings):
    """What every service needs; a service adds its own in a subclass."""

    model_config = SettingsConfigDict(env_prefix="FOREWARN_", frozen=True, extra="ignore")

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
    producer_token: SecretStr = SecretStr("")
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

    @model_validator(mode="after")
    def _refuse_default_secrets(self) -> "Settings":
        if self.environment == "demo":
            return self
        for name, value in self:
            if isinstance(value, SecretStr) and name in self.required_secrets() and value.get_secret_value().lower() in WELL_KNOWN:
                raise ValueError(f"FOREWARN_{name.upper()} is not set or is a well-known default; set it, or FOREWARN_{name.upper()}_FILE")
        return self

    @classmethod
    def required_secrets(cls) -> frozenset[str]:
        """The secrets without which the process must not start outside demo."""
        return frozenset({"database_password", "producer_token", "agent_token", "operator_token"})
