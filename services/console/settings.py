"""The settings that the console reads from its environment."""

from typing import Literal

from pydantic import Field, SecretStr

from shared.settings import Settings


class ConsoleSettings(Settings):
    """The settings of where people reach the console, whom it asks, and how long it keeps what it holds, beside those of every service."""

    http_port: int = Field(8004, description="of the pages, REST, health and metrics")
    console_url: str = Field(
        "http://localhost:8004", description="where people reach the console, with the prefix that a proxy puts before its paths, if any"
    )
    console_stamp: Literal["", "demo", "test", "live"] = Field(
        "", description="what every page says of this installation; empty: `live`, or `demo` where the environment is"
    )
    console_token: SecretStr = Field(
        SecretStr(""),
        description="the token by which the console asks the others on behalf of people; theirs must know it, and let it act for others",
    )
    monitor_url: str = Field("http://localhost:8001", description="monitor's REST API")
    notifier_url: str = Field("http://localhost:8002", description="notifier's REST API")
    ticketing_url: str = Field("http://localhost:8003", description="ticketing's REST API")
    live_streams: int = Field(500, ge=1, description="visible tabs that one process keeps current; beyond them 503 with Retry-After")
    keep_incidents_days: int = Field(400, ge=1, description="ended incidents, whom they touched and who was told")
    keep_tickets_days: int = Field(730, ge=1, description="closed tickets and all that was said on them")
    keep_words_days: int = Field(90, ge=1, description="the words of notifications")
    keep_audit_days: int = Field(400, ge=1, description="who did what in the console")

    @property
    def stamp(self) -> str:
        return self.console_stamp or ("demo" if self.environment == "demo" else "live")

    @classmethod
    def required_secrets(cls) -> frozenset[str]:
        return super().required_secrets() | {"console_token"}
