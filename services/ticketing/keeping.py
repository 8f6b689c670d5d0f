"""Ticketing deletes old rows by this table. A deleted ticket takes its messages, links, clocks and history along."""

from services.ticketing.settings import TicketingSettings
from shared.retention import Kept, days

OF_OPEN = "EXISTS (SELECT FROM incidents i WHERE i.id = old.incident_id AND i.resolved_at IS NULL)"


def kept(settings: TicketingSettings) -> tuple[Kept, ...]:
    """Returns the tables that grow with time."""
    incidents = days(settings.keep_incidents_days)
    return (
        Kept("tickets", "changed_at", days(settings.keep_tickets_days), only="status = 'closed'"),
        Kept("impact", "written_at", incidents, only=f"NOT {OF_OPEN}"),
        Kept("told", "told_at", incidents, only=f"NOT {OF_OPEN}"),
        Kept("incidents", "written_at", incidents, only="old.resolved_at IS NOT NULL"),
        Kept("heard", "heard_at", days(settings.keep_fact_ids_days)),
        Kept("erased_messages", "erased_at", days(settings.keep_fact_ids_days)),
    )
