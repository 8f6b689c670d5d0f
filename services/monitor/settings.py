"""monitor's settings: those every service has, on port 8001."""

from pydantic import Field

from shared.settings import Settings


class MonitorSettings(Settings):
    http_port: int = 8001
    keep_incidents_days: int = Field(400, ge=1, description="ended incidents, and whom they touched")
    keep_series_days: int = Field(30, ge=1, description="windows of components that nothing was heard of")
