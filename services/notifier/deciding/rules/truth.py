"""Rules of truth: nothing is told that the incident, the maintenance or the risk contradicts, or that something newer says. Pure."""

from datetime import timedelta

from services.notifier.deciding.decision import Hold, Suppressed, Waiting, pause
from services.notifier.deciding.policy import Policy
from services.notifier.maintenance import PeriodStatus, is_for
from services.notifier.notification import ENDS, OF_MAINTENANCE, Kind, Reason
from services.notifier.situation import Situation

AT_LEAST, AT_MOST = timedelta(minutes=1), timedelta(minutes=10)  # between two looks for the end of an incident


def early(situation: Situation, policy: Policy) -> Hold | None:  # noqa: ARG001
    """A ticket's end can reach us before the end of its incident does: the incident is waited for."""
    incident = situation.incident
    if situation.notification.kind not in ENDS or not situation.of_incident or (incident and (incident.over or incident.ended_at)):
        return None
    why = {"incident": incident.status if incident else "unknown"}
    return Hold(pause(situation, AT_LEAST, AT_MOST), Waiting.EARLY, why, awaits_incident=True)


def stale(situation: Situation, policy: Policy) -> Suppressed | None:  # noqa: ARG001
    """Nothing is told that the incident contradicts: trouble that is over, or not theirs, an end of what goes on or ended otherwise."""
    notification, incident = situation.notification, situation.incident
    if not situation.of_incident:
        return None
    if notification.removed:
        return Suppressed(Reason.STALE, {"incident": "does not touch them: a person took them out"})
    if incident is None:
        return Suppressed(Reason.STALE, {"incident": "unknown"}, awaits_incident=True)
    if notification.kind in ENDS:
        contradicted = incident.status.value != notification.kind.value or not incident.tell
        return Suppressed(Reason.STALE, {"incident": incident.status, "tell": incident.tell}) if contradicted else None
    return Suppressed(Reason.STALE, {"incident": incident.status}) if incident.over else None


def superseded(situation: Situation, policy: Policy) -> Suppressed | None:  # noqa: ARG001
    """Of several changes only the latest is told: an update of an incident, or a change of maintenance, that is not it is left out."""
    notification, incident, period = situation.notification, situation.incident, situation.period
    if notification.kind is Kind.UPDATED and incident is not None:
        latest, of = (incident.news.revision if incident.news else 0), incident.id
    elif notification.kind is Kind.MAINTENANCE_CHANGED and period is not None:
        latest, of = period.news, period.id
    else:
        return None
    said = notification.evidence or {}
    if said.get("news") == latest and said.get("news_of", of) == of:
        return None
    return Suppressed(Reason.SUPERSEDED, {"news": said.get("news"), "latest": latest})


def called_off(situation: Situation, policy: Policy) -> Suppressed | None:  # noqa: ARG001
    """Of maintenance nothing is told that is not so any more; nor first of all to who is none of its audience by now."""
    notification, period = situation.notification, situation.period
    if notification.kind not in OF_MAINTENANCE:
        return None
    if period is None:
        return Suppressed(Reason.STALE, {"maintenance": "unknown"})
    if period.status not in STANDS[notification.kind] or notification.removed:
        return Suppressed(Reason.STALE, {"maintenance": period.status})
    customer = situation.customer
    if notification.kind is Kind.MAINTENANCE_PLANNED and customer is not None and not is_for(period, customer):
        return Suppressed(Reason.STALE, {"maintenance": "for others"})
    return None


# How a period stands while each of these is so.
STANDS = {
    Kind.MAINTENANCE_PLANNED: (PeriodStatus.PLANNED, PeriodStatus.RUNNING),
    Kind.MAINTENANCE_CHANGED: (PeriodStatus.PLANNED, PeriodStatus.RUNNING),
    Kind.MAINTENANCE_STARTED: (PeriodStatus.RUNNING,),
    Kind.MAINTENANCE_ENDED: (PeriodStatus.OVER,),
    Kind.MAINTENANCE_CANCELLED: (PeriodStatus.CANCELLED,),
}


def over(situation: Situation, policy: Policy) -> Suppressed | None:  # noqa: ARG001
    """A customer who is at risk no more is not told how to get on."""
    notification = situation.notification
    return Suppressed(Reason.STALE, {"risk": "cleared"}) if notification.kind is Kind.GUIDANCE and notification.removed else None
