"""Rules of truth: nothing is told that the incident or the risk contradicts. Pure."""

from datetime import timedelta

from services.notifier.deciding.decision import Hold, Suppressed, Waiting, pause
from services.notifier.deciding.policy import Policy
from services.notifier.notification import ENDS, Kind, Reason
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


def over(situation: Situation, policy: Policy) -> Suppressed | None:  # noqa: ARG001
    """A customer who is at risk no more is not told how to get on."""
    notification = situation.notification
    return Suppressed(Reason.STALE, {"risk": "cleared"}) if notification.kind is Kind.GUIDANCE and notification.removed else None
