"""Lists the services of Forewarn, and is the only place that does: whatever makes, starts, watches or tests each of them reads this list.

A new service is a line here and a folder in `services/`. Files that cannot read Python (docker-compose.yml, prometheus.yml) name the
services too; tests/unit/deploy/test_services.py compares them with this list, and knows of every other place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ServiceSpec:
    """Holds what is needed to run a service; the service's own settings are in its folder."""

    name: str  # of its folder, its Postgres schema, its host in compose, and the label `service` of its metrics
    port: int  # of its REST API
    public_port: int | None = None  # of the pages that customers reach, which have an app of their own
    beside: tuple[str, ...] = ()  # schemas that its role has beside its own
    secrets: Mapping[str, str] = field(default_factory=dict)  # secrets that it alone holds, and what each is

    @property
    def module(self) -> str:
        """Returns the module that `python -m` starts."""
        return f"services.{self.name}"

    @property
    def password(self) -> str:
        """Returns the setting of `deploy.init` that says the password of its role."""
        return f"{self.name}_password"


SERVICES: tuple[ServiceSpec, ...] = (
    ServiceSpec("monitor", 8001),
    ServiceSpec(
        "notifier",
        8002,
        public_port=8012,
        secrets={
            "link_secret": "what signs unsubscribe links",
            "webhook_secret": "what the secrets of customers' endpoints are derived from",
        },
    ),
    ServiceSpec("ticketing", 8003),
    ServiceSpec(
        "console",
        8004,
        beside=("console_rebuild",),
        secrets={"console_token": "what the console asks the others with, on behalf of people"},
    ),
)

NAMES: tuple[str, ...] = tuple(spec.name for spec in SERVICES)
