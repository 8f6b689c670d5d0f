"""The console deletes old rows by this table. A deleted ticket takes along what was said on it, an incident its time line."""

from datetime import timedelta

from services.console.settings import ConsoleSettings
from services.console.store.sessions import ABSOLUTE, ATTEMPTS, KNOWN, LINKS
from shared.retention import Kept, days

OF_OPEN = "EXISTS (SELECT FROM incidents i WHERE i.id = old.incident_id AND i.status = 'open')"
TOUCHES = "EXISTS (SELECT FROM impact m WHERE m.incident_id = old.id AND m.first_seen_at IS NOT NULL)"
HAS_WORDS = "old.subject <> '' OR old.body <> '' OR old.answer <> ''"


def of_model(settings: ConsoleSettings) -> tuple[Kept, ...]:
    """Returns the tables of the read model; a rebuild deletes by it, too, so that it brings nothing back."""
    incidents = days(settings.keep_incidents_days)
    return (
        Kept("notifications", "at", days(settings.keep_words_days), only=HAS_WORDS, forget="subject = '', body = '', answer = ''"),
        Kept("notifications", "at", incidents, only=f"NOT {OF_OPEN}"),
        Kept("impact", "last_seen_at", incidents, only=f"NOT {OF_OPEN}"),
        Kept("incidents", "ended_at", incidents, only=f"old.status <> 'open' AND NOT {TOUCHES}"),
        Kept("tickets", "changed_at", days(settings.keep_tickets_days), only="old.status = 'closed'"),
        Kept("risks", "cleared_at", incidents),
        Kept("candidates", "said_at", incidents, only="old.status <> 'candidate'"),
    )


def kept(settings: ConsoleSettings) -> tuple[Kept, ...]:
    """Returns the tables that grow with time."""
    return (
        Kept("sessions", "created_at", ABSOLUTE),
        Kept("entry_links", "created_at", LINKS),
        Kept("provider_attempts", "created_at", ATTEMPTS),
        Kept("known_browsers", "used_at", KNOWN),
        Kept("sign_in_failures", "failed_at", days(1)),
        Kept("audit", "at", days(settings.keep_audit_days)),
        Kept("changes", "at", timedelta(minutes=10)),
        Kept("viewing", "seen_at", timedelta(minutes=1)),
        Kept("acts", "begun_at", days(1)),  # a form is pressed again within moments
        Kept("awaited", "at", timedelta(minutes=1)),  # shown for half of it
        Kept("drafts", "at", days(30)),
        *of_model(settings),
    )
