"""The console deletes old rows by this table."""

from datetime import timedelta

from services.console.settings import ConsoleSettings
from shared.retention import Kept


def kept(_settings: ConsoleSettings) -> tuple[Kept, ...]:
    """Returns the tables that grow with time."""
    return (
        Kept("changes", "at", timedelta(minutes=10)),
        Kept("viewing", "seen_at", timedelta(minutes=1)),
    )
