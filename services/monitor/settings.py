"""monitor's settings: those every service has, on port 8001, and how much it may remember."""

from pathlib import Path

from pydantic import Field

from shared.settings import Settings


class MonitorSettings(Settings):
    """The limits of what it remembers, and for how long, beside what every service reads."""

    http_port: int = Field(8001, description="of REST, health and metrics")
    seen_limit: int = Field(50_000_000, ge=1000, description="identities of events that one process remembers, 8 bytes each")
    component_limit: int = Field(
        2_000, ge=1, description="components that one rule may know in one partition, beside those that catalog.yml or its `only` name"
    )
    alias_limit: int = Field(
        1_000_000, ge=1000, description="other names of customers that one process remembers, some 250 bytes each: its share of all"
    )
    hooks_dir: str = Field(
        "",
        description="the folder with the secrets of hooks, each in a file that a hook names; else `hooks` in your own folder",
    )
    keep_incidents_days: int = Field(400, ge=1, description="ended incidents, whom they touched, cleared risks, and alerts of hooks")
    keep_aliases_days: int = Field(400, ge=1, description="other names of customers that no event has said again")
    keep_series_days: int = Field(30, ge=1, description="windows of components that nothing was heard of")

    @property
    def hooks_folder(self) -> Path:
        """Returns the folder with the secrets of hooks."""
        return Path(self.hooks_dir) if self.hooks_dir else self.config_folders[0] / "hooks"
