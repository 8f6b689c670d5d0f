"""The console deletes old rows by this table."""

from datetime import timedelta

from services.console.settings import ConsoleSettings
from shared.retention import Kept, days


def kept(_settings: ConsoleSettings) -> tuple[Kept, ...]:
    """Returns the tables that grow with time."""
    return (
        Kept("changes", "at", days(1)),
        Kept("acts", "begun_at", days(1)),  # a form is pressed again within moments
        Kept("awaited", "at", timedelta(minutes=1)),  # shown for half of it
        Kept("drafts", "at", days(30)),
    )
