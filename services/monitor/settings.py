"""monitor's settings: those every service has, on port 8001, and how much it may remember."""

from pydantic import Field

from shared.settings import Settings


class MonitorSettings(Settings):
    """The limits of what it remembers, and for how long, beside what every service reads."""

    http_port: int = Field(8001, description="of REST, health and metrics")
    seen_limit: int = Field(50_000_000, ge=1000, description="identities of events that one process remembers, 8 bytes each")
    component_limit: int = Field(
        2_000, ge=1, description="components that one rule may know in one partition, beside those that catalog.yml or its `only` name"
    )
    keep_incidents_days: int = Field(400, ge=1, description="ended incidents, and whom they touched; when expected events were heard")
    keep_series_days: int = Field(30, ge=1, description="windows of components that nothing was heard of")
