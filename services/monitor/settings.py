"""monitor's settings: those every service has, on port 8001."""

from shared.settings import Settings


class MonitorSettings(Settings):
    http_port: int = 8001
