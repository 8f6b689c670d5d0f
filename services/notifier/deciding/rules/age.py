"""Rules of age: nothing is told that is too old, or that may have ended since it was found. Pure."""

from datetime import datetime, timedelta

from services.notifier.deciding.decision import Hold, Suppressed, Waiting, Why, pause, seconds
from services.notifier.deciding.policy import Policy
from services.notifier.deciding.rules.reach import where
from services.notifier.incident import Incident
from services.notifier.notification import Reason
from services.notifier.situation import Situation

AT_LEAST, AT_MOST = timedelta(minutes=1), timedelta(minutes=10)  # between two looks for whether monitor has caught up


def too_old(situation: Situation, policy: Policy) -> Suppressed | None:
    """Nothing is told that is too old. An end is as old as the incident says, however late a ticket followed it."""
    return None if situation.age <= oldest(situation, policy) else Suppressed(Reason.STALE, age_of(situation, policy))


def oldest(situation: Situation, policy: Policy) -> timedelta:
    """Returns the age up to which it is told: once it is being tried for as long as its channel tries, if that is longer than else."""
    contact = where(situation, policy) if situation.notification.begun_at is not None else None
    if contact is None:
        return policy.max_event_age
    return max(policy.max_event_age, situation.ttls.get(contact.channel) or policy.ttl)


def behind(situation: Situation, policy: Policy) -> Hold | None:
    """An incident that monitor finds while it reads old events may be over: we wait until it has caught up, or says that it ended."""
    incident = situation.going_on
    if incident is None or incident.behind <= policy.hold_when_behind:
        return None
    why = {"behind_s": seconds(incident.behind), "hold_when_behind_s": seconds(policy.hold_when_behind)}
    return Hold(pause(situation, AT_LEAST, AT_MOST), Waiting.BEHIND, why, awaits_incident=True)


def too_soon(situation: Situation, policy: Policy) -> Hold | None:
    """Trouble that has only just begun may be over before anybody has read of it. What is critical is told at once."""
    incident = situation.going_on
    if incident is None or incident.critical:
        return None
    age = max(situation.now - incident.started_at, timedelta())  # other systems' clocks may be ahead
    if age >= policy.hold_down:
        return None
    why = {"since_start_s": seconds(age), "hold_down_s": seconds(policy.hold_down)}
    return Hold(situation.now + policy.hold_down - age, Waiting.HOLD_DOWN, why, awaits_incident=True)


def outdated(situation: Situation, policy: Policy) -> Suppressed | None:
    """Trouble is told as going on only when it was true just now: the customer's own, or the incident's last failing window."""
    incident = situation.going_on
    if incident is None:
        return None
    if incident.silent_since is not None:
        silent = situation.now - incident.silent_since
        return Suppressed(Reason.STALE, {"incident": "silent", "silent_s": seconds(silent)}, awaits_incident=True)
    if _since_failing(situation, incident) <= policy.told_within:
        return None
    return Suppressed(Reason.STALE, freshness(situation, incident, policy), awaits_incident=True)


def failing(incident: Incident, policy: Policy, now: datetime) -> bool:
    """Says whether the incident itself makes it true that the trouble goes on."""
    if incident.over or incident.behind > policy.hold_when_behind or incident.silent_since is not None:
        return False
    return incident.failing_at is not None and now - incident.failing_at <= policy.told_within


def age_of(situation: Situation, policy: Policy) -> Why:
    """Returns the figures of how old it is."""
    return {"age_s": seconds(situation.age), "max_event_age_s": seconds(oldest(situation, policy))}


def freshness(situation: Situation, incident: Incident, policy: Policy) -> Why:
    """Returns the figures of how long ago it was last true."""
    return {"last_failing_s": seconds(_since_failing(situation, incident)), "told_within_s": seconds(policy.told_within)}


def _since_failing(situation: Situation, incident: Incident) -> timedelta:
    about_at = situation.notification.about_at
    return situation.now - max(about_at, incident.failing_at or about_at)
