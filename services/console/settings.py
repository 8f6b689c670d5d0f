"""The settings that the console reads from its environment."""

from typing import Literal

from pydantic import Field, SecretStr, model_validator

from services.console.sessions import ways_in
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
    oidc_issuer: str = Field(
        "", description="the identity provider's address, as its `iss` says it; empty: nobody signs in through a provider"
    )
    oidc_client_id: str = Field("", description="the name by which the provider knows the console")
    oidc_client_secret: SecretStr = Field(SecretStr(""), description="the console's secret at the provider; empty for a public client")
    oidc_scopes: str = Field("openid profile email", description="what the provider is asked for; some want `groups` among it")
    oidc_groups: str = Field("groups", description="the claim of the ID token that lists a person's groups")
    oidc_name: str = Field("preferred_username", description="the claim by which histories call a person; `email` where it is absent")
    oidc_roles: str = Field(
        "", description="`group=role,group=role`: who is in none of these groups does not get in; also of the proxy's groups header"
    )
    trusted_header: str = Field("", description="the header in which a proxy names who is signed in, `X-Forwarded-User`; empty: none")
    trusted_groups_header: str = Field(
        "", description="the header in which it lists their groups, by commas; empty: whoever is in /people gets in, with that role"
    )
    trusted_proxies: str = Field("", description="addresses and CIDR ranges of proxies whose headers are believed, by commas")
    live_streams: int = Field(500, ge=1, description="visible tabs that one process keeps current; beyond them 503 with Retry-After")
    keep_incidents_days: int = Field(400, ge=1, description="ended incidents, whom they touched and who was told")
    keep_tickets_days: int = Field(730, ge=1, description="closed tickets and all that was said on them")
    keep_words_days: int = Field(90, ge=1, description="the words of notifications")
    keep_audit_days: int = Field(400, ge=1, description="who did what in the console")

    @model_validator(mode="after")
    def _refuse_ways_in_that_cannot_be(self) -> "ConsoleSettings":
        if found := list(ways_in.troubles(self)):
            raise ValueError("\n".join(found))
        return self

    @property
    def stamp(self) -> str:
        return self.console_stamp or ("demo" if self.environment == "demo" else "live")

    @classmethod
    def required_secrets(cls) -> frozenset[str]:
        return super().required_secrets() | {"console_token"}
