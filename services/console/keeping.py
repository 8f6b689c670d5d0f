"""The console deletes old rows by this table."""

from datetime import timedelta

from services.console.settings import ConsoleSettings
from services.console.store.sessions import ABSOLUTE, ATTEMPTS, LINKS
from shared.retention import Kept, days


def kept(settings: ConsoleSettings) -> tuple[Kept, ...]:
    """Returns the tables that grow with time."""
    return (
        Kept("acts", "begun_at", days(1)),  # a form is pressed again within moments
        Kept("awaited", "at", timedelta(minutes=1)),  # shown for half of it
        Kept("drafts", "at", days(30)),
        Kept("sessions", "created_at", ABSOLUTE),
        Kept("entry_links", "created_at", LINKS),
        Kept("provider_attempts", "created_at", ATTEMPTS),
        Kept("sign_in_failures", "failed_at", days(1)),
        Kept("audit", "at", days(settings.keep_audit_days)),
        Kept("changes", "at", timedelta(minutes=10)),
        Kept("viewing", "seen_at", timedelta(minutes=1)),
    )
