"""Notifier deletes old rows by this table. The directory and what customers chose are bounded by the number of customers, and stay."""

from services.notifier.settings import NotifierSettings
from shared.retention import Kept, days


def kept(settings: NotifierSettings) -> tuple[Kept, ...]:
    """Returns the table. The ledger's words are deleted long before its ids: a fact that is replayed must still meet them."""
    ledger = days(settings.keep_ledger_days)
    return (
        Kept(
            "notifications",
            "settled_at",
            days(settings.keep_words_days),
            only="has_words",
            forget="evidence = NULL, why = NULL, attempts = '[]', subject = left(subject, 0), body = left(body, 0), has_words = false",
        ),
        Kept("deliveries", "began_at", days(settings.keep_words_days), only="old.status IN ('delivered', 'failed')"),
        Kept("places", "at", days(settings.keep_words_days)),
        Kept("turns", "minute", days(1)),
        Kept(
            "notifications",
            "created_at",
            ledger,
            only="old.status <> 'waiting' AND NOT EXISTS (SELECT FROM incidents i WHERE i.id = old.incident_id AND i.status = 'open')",
        ),
        Kept("engagements", "at", ledger),
        Kept("returned_mails", "received_at", ledger),
        Kept("gates", "opened_at", ledger, only="NOT EXISTS (SELECT FROM notifications n WHERE n.gate = old.id)"),
        Kept("corrections", "at", ledger),
        Kept("consent_log", "at", ledger),
        Kept("experiment_arms", "entered_at", ledger),
        Kept("outcomes", "minute", days(2)),  # a day is shown
        Kept("notices", "written_at", days(settings.keep_words_days)),
        Kept(
            "ticket_links",
            "linked_at",
            ledger,
            only="NOT EXISTS (SELECT FROM incidents i WHERE i.id = old.incident_id AND i.status = 'open')",
        ),
        Kept(
            "incidents",
            "written_at",
            ledger,
            only="old.status <> 'open' AND NOT EXISTS (SELECT FROM notifications n WHERE n.incident_id = old.id)",
        ),
        Kept(
            "maintenance",
            "written_at",
            ledger,
            only="old.status IN ('over', 'cancelled') AND NOT EXISTS (SELECT FROM notifications n WHERE n.period = old.id)",
        ),
        Kept("endpoint_missed", "missed_at", days(settings.keep_words_days)),
    )
