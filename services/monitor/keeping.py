"""monitor deletes old rows by this table. The fold deletes from its own tables itself, by event time."""

from datetime import timedelta

from services.monitor.detectors.surge import WEEKS
from services.monitor.settings import MonitorSettings
from shared.retention import Kept, days

OPEN = "EXISTS (SELECT FROM incidents i WHERE {which} AND i.status = 'open')"
OF_OPEN = OPEN.format(which="i.id = old.incident_id")
WITH_OPEN = OPEN.format(which="i.rule = old.rule AND i.component = old.component")


def kept(settings: MonitorSettings) -> tuple[Kept, ...]:
    """Returns the tables that grow with time."""
    incidents = days(settings.keep_incidents_days)
    return (
        Kept("impact", "written_at", incidents, only=f"NOT {OF_OPEN}"),
        Kept(
            "incidents",
            "opened_at",
            incidents,
            only="old.status <> 'open' AND NOT EXISTS (SELECT FROM impact WHERE impact.incident_id = old.id)",
        ),
        Kept("complaints", "heard_at", timedelta(weeks=WEEKS, days=7)),
        Kept("candidates", "found_at", incidents, only="old.status NOT IN ('candidate', 'open')"),
        Kept("muted", "last_at", incidents),
        Kept("maintenance_periods", "ends_at", incidents),
        Kept("maintenance", "ends_at", incidents, only="old.status IN ('over', 'cancelled')"),
        Kept("hook_alerts", "told_at", incidents),
        Kept("aliases", "said_at", days(settings.keep_aliases_days), only="(old.said_by = 'events' OR old.leads_to = old.alias)"),
        Kept("risks", "cleared_at", incidents),
        Kept("expected", "heard_at", incidents, only=f"NOT {WITH_OPEN}"),
        Kept("series", "changed_on", days(settings.keep_series_days), only=f"NOT {WITH_OPEN}"),
    )
