"""What ticketing reads from its environment."""

from shared.settings import Settings


class TicketingSettings(Settings):
    """Nothing beside what every service reads."""

    http_port: int = 8003
