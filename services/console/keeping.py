"""The console deletes old rows by this table."""

from services.console.settings import ConsoleSettings
from services.console.store.sessions import ABSOLUTE, ATTEMPTS, LINKS
from shared.retention import Kept, days


def kept(settings: ConsoleSettings) -> tuple[Kept, ...]:
    """Returns the tables that grow with time."""
    return (
        Kept("changes", "at", days(1)),
        Kept("sessions", "created_at", ABSOLUTE),
        Kept("entry_links", "created_at", LINKS),
        Kept("provider_attempts", "created_at", ATTEMPTS),
        Kept("sign_in_failures", "failed_at", days(1)),
        Kept("audit", "at", days(settings.keep_audit_days)),
    )
