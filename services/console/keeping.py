"""The console deletes old rows by this table."""

from services.console.settings import ConsoleSettings
from shared.retention import Kept, days


def kept(_settings: ConsoleSettings) -> tuple[Kept, ...]:
    """Returns the tables that grow with time."""
    return (Kept("changes", "at", days(1)),)
