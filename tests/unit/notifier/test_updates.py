"""An update is owed to who was told of the incident and not of its news; what becomes of maintenance to who was told of that."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifier.audience import Contact
from services.notifier.deciding.periods import owed_notices
from services.notifier.deciding.updates import owed_updates
from services.notifier.incident import Incident, News, PublicWords, incident_of
from services.notifier.maintenance import PeriodStatus, is_for, period_after
from services.notifier.notification import AFTER_ALARM, ENDS, TELLING, Kind, Notification, Status
from services.notifier.wording.texts import Text
from services.notifier.wording.writing import write
from shared.audiences import Unreadable, audience_of
from shared.events import IncidentUpdated, MaintenanceChanged, MaintenanceEnded, MaintenancePlanned, PublicUpdate
from tests.unit.notifier.builders import ADA, CATALOG, HOUR, MINUTE, NOW, OPEN, OVER, PERIOD, POLICY, SECOND, notification, situation

NEWS = replace(OPEN, revision=5, news=News(5, NOW, "f-5", frozenset({"words"})), public=PublicWords("A provider is down."))


def told(kind: Kind = Kind.OPENED, at: datetime = NOW - MINUTE, news: int = 0, **more: Any) -> Notification:
    why = {"news": news, "news_of": "i-1"} if news else {}
    return notification(kind, **{"status": Status.DELIVERED, "sent_at": at, "why": why, **more})


def owed(incident: Incident, *theirs: Notification, unsent: tuple[str, ...] = ()) -> list[Kind]:
    return [each.kind for each in owed_updates(incident, theirs, unsent)]


# ── what is news ─────────────────────────────────────────────────────────────────────────────


def said(revision: int, severity: str = "high", **public: Any) -> IncidentUpdated:
    words = PublicUpdate(at=NOW, by="bob", **public) if public else None
    about = {"incident_id": "i-1", "rule": "r", "component": "checkout", "severity": severity, "title": "t", "started_at": NOW}
    data = IncidentUpdated.Data(**about, revision=revision, affected=1, why={}, public=words)
    return IncidentUpdated.of(data, subject="i-1", at=NOW, unique=revision)


@pytest.mark.parametrize(
    ("fact", "of"),
    [
        (said(6), None),
        (said(6, "medium"), None),
        (said(6, "critical"), {"severity"}),
        (said(6, words="A provider is down."), None),
        (said(6, words="It is back."), {"words"}),
        (said(6, words="A provider is down.", workaround="Pay by card."), {"workaround"}),
        (said(6, words="A provider is down.", estimate=NOW + HOUR), {"estimate"}),
        (said(6, "critical", words="A provider is down.", next_update_at=NOW + HOUR), {"severity", "next_update"}),
    ],
)
def test_it_is_news_that_it_is_worse_or_that_a_person_says_something_else(fact: IncidentUpdated, of: set[str] | None) -> None:
    news = incident_of(fact, NEWS).news
    assert news is not None
    assert (news.revision, set(news.of)) == ((5, {"words"}) if of is None else (6, of))


def test_what_was_said_before_it_reopened_is_said_no_more() -> None:
    assert incident_of(said(7), replace(NEWS, status=OVER.status)).public is None
    assert incident_of(said(7, "critical"), None).news is None, "who is told of it is told how bad it is"


# ── who is owed it ───────────────────────────────────────────────────────────────────────────


def test_who_was_told_and_not_of_the_news_is_owed_it() -> None:
    assert owed(NEWS, told()) == owed(NEWS, told(news=4)) == [Kind.UPDATED]
    assert owed(NEWS, told(news=5)) == owed(NEWS, told(), told(Kind.UPDATED, news=5)) == []
    assert owed(NEWS, told(Kind.ANSWER, about_at=NOW - SECOND)) == [Kind.UPDATED]
    assert owed(NEWS, told(Kind.ANSWER, about_at=NOW)) == []


def test_while_another_is_under_way_its_outcome_is_waited_for() -> None:
    waiting = notification(Kind.UPDATED, id="n-2")
    assert owed(NEWS, told(), waiting) == owed(NEWS, told(), replace(waiting, sent_at=NOW), unsent=("n-2",)) == []
    assert owed(NEWS, told(), waiting, unsent=("n-2",)) == [Kind.UPDATED]


STATES = [(status, sent) for status in Status for sent in (None, NOW - 2 * MINUTE, NOW - MINUTE)]
ANY = st.builds(
    lambda kind, state, news: notification(kind, status=state[0], sent_at=state[1], why={"news": news, "news_of": "i-1"}),
    st.sampled_from([*TELLING, *AFTER_ALARM]),
    st.sampled_from(STATES),
    st.integers(0, 6),
)


@settings(max_examples=200)
@given(st.lists(ANY, max_size=5), st.booleans())
def test_nobody_is_owed_news_before_an_alarm_after_an_end_or_a_second_time(theirs: list[Notification], over: bool) -> None:
    incident = replace(NEWS, status=OVER.status) if over else NEWS
    found = list(owed_updates(incident, theirs, ()))
    assert len(found) <= 1
    if found:
        last = max(each.sent_at for each in theirs if each.kind in TELLING and each.sent_at)
        assert not over
        assert all(each.sent_at < last for each in theirs if each.kind in ENDS and each.sent_at)
        ours = replace(told(Kind.UPDATED, NOW, news=5), id=found[0].id)
        assert not list(owed_updates(incident, [*theirs, ours], ())), "told, it is not owed again"


# ── the words ────────────────────────────────────────────────────────────────────────────────


def test_an_alarm_says_what_a_person_says_by_now_once() -> None:
    contact = Contact("email", "ada@example.org")
    message = write(situation(incident=NEWS), contact, POLICY.texts, CATALOG, sender="Shop", unsubscribe="x")
    assert "Hello Ada,\n\nA provider is down.\n\ncheckout fails" in message.text
    own = POLICY.texts.model_copy(update={"opened": Text(subject="s", body="{note}\n\n{sender}")})
    assert write(situation(incident=NEWS), contact, own, CATALOG, sender="Shop", unsubscribe="x").text.count("provider") == 1


# ── maintenance ──────────────────────────────────────────────────────────────────────────────


def planned(revision: int, **more: Any) -> dict[str, Any]:
    data = {"maintenance_id": "m-1", "title": "t", "starts_at": NOW + HOUR, "ends_at": NOW + 2 * HOUR, "revision": revision}
    return data | more


def test_each_time_it_comes_is_a_period_of_its_own_and_an_older_fact_changes_nothing() -> None:
    first = period_after(None, MaintenancePlanned.of(MaintenancePlanned.Data(**planned(0)), subject="m-1", at=NOW))
    assert first is not None
    moved = MaintenanceChanged.of(MaintenanceChanged.Data(**planned(1, ends_at=NOW + 3 * HOUR)), subject="m-1", at=NOW, unique=1)
    changed = period_after(first, moved)
    assert changed is not None
    assert (changed.id, changed.news, changed.called) == (first.id, 1, 0)
    assert period_after(changed, moved) is None
    again = MaintenanceChanged.of(MaintenanceChanged.Data(**planned(2, ends_at=NOW + 3 * HOUR)), subject="m-1", at=NOW, unique=2)
    same = period_after(changed, again)
    assert same is not None
    assert same.news == 1, "that nothing has changed for customers is no news"
    over = period_after(same, MaintenanceEnded.of(MaintenanceEnded.Data(**planned(3), ended_at=NOW), subject="m-1", at=NOW, unique=3))
    assert over is not None
    following = period_after(over, MaintenancePlanned.of(MaintenancePlanned.Data(**planned(4)), subject="m-1", at=NOW, unique=4))
    assert following is not None
    assert (over.id, following.id) == ("m-1/0", "m-1/4")


@pytest.mark.parametrize("status", list(PeriodStatus))
def test_what_becomes_of_it_is_owed_to_who_was_told_of_it_alone(status: PeriodStatus) -> None:
    of = {
        PeriodStatus.PLANNED: Kind.MAINTENANCE_CHANGED,
        PeriodStatus.RUNNING: Kind.MAINTENANCE_STARTED,
        PeriodStatus.OVER: Kind.MAINTENANCE_ENDED,
        PeriodStatus.CANCELLED: Kind.MAINTENANCE_CANCELLED,
    }
    period = replace(PERIOD, status=status, news=2)
    before = told(Kind.MAINTENANCE_PLANNED, period=period.id, why={"news": 1, "news_of": period.id, "status": "planned"})
    assert [each.kind for each in owed_notices(period, [before])] == [of[status]]
    assert not list(owed_notices(period, [replace(before, why={"news": 2, "news_of": period.id})]))
    assert not list(owed_notices(period, [replace(before, status=Status.WAITING)]))
    assert not list(owed_notices(period, [replace(before, status=Status.SUPPRESSED, sent_at=None)]))


# ── audiences ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("where", "is_of"),
    [
        (None, True),
        ({"tier": "gold"}, True),
        ({"tier": ["free", "gold"], "locale": "de"}, True),
        ({"tier": "gold", "locale": "en"}, False),
        ({"revenue": {"above": 99}}, True),
        ({"revenue": {"above": 100}}, False),
        ({"account": {"present": False}}, True),
        ({"account": {"is_not": "acme"}}, False),
    ],
)
def test_an_audience_is_of_whom_all_of_its_condition_holds(where: dict[str, Any] | None, is_of: bool) -> None:
    customer = {"tier": "gold", "locale": "de", "revenue": 100.0, "account": None}
    assert audience_of(where)(customer) is is_of


@pytest.mark.parametrize("where", [{}, {"shoe_size": 44}, {"tier": {"nearly": "gold"}}])
def test_by_a_condition_that_cannot_be_read_nobody_is_told(where: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        audience_of(where)
    assert not is_for(replace(PERIOD, audience={"where": where}), ADA)
