"""Customers who were told of an incident are told what is new while it goes on; this says who is owed which update. Pure."""

from collections.abc import Collection, Iterable, Iterator
from itertools import groupby

from services.notifier.incident import Incident
from services.notifier.notification import ENDS, TELLING, Draft, Kind, Notification, Status, update_id


def owed_updates(incident: Incident, ledger: Iterable[Notification], unsent: Collection[str]) -> Iterator[Draft]:
    """Yields the latest news of the incident for each customer who was told of it and not that; none when there is none, or it is over.

    `ledger` is what customers have in the ledger of this incident, one customer after the other. `unsent`: the ids of updates that
    wait, and are not sent before `superseded` has decided about them; of any other update that waits, the outcome is waited for.
    """
    if incident.news is not None and not incident.over:
        for customer_id, theirs in groupby(ledger, key=lambda each: each.customer_id):
            if _owed(incident, list(theirs), unsent):
                yield _update(incident, customer_id)


def waiting_updates(ledger: Iterable[Notification]) -> list[str]:
    """Returns the ids of the updates that wait."""
    return [each.id for each in ledger if each.kind is Kind.UPDATED and each.status is Status.WAITING]


def _owed(incident: Incident, theirs: list[Notification], unsent: Collection[str]) -> bool:
    if any(each.under_way or (each.status is Status.WAITING and each.kind is Kind.UPDATED and each.id not in unsent) for each in theirs):
        return False  # whoever settles it looks again
    told = [each for each in theirs if each.kind in TELLING and not each.removed and each.sent_at is not None]
    ends = [each.sent_at for each in theirs if each.kind in ENDS and each.sent_at is not None]
    if not any(each.sent_at and all(each.sent_at > end for end in ends) for each in told):
        return False
    return not any(_said_it(each, incident) for each in theirs)


def _said_it(each: Notification, incident: Incident) -> bool:
    """Says whether the customer has the news by this one. A ticket's answer is written by what was known when it was."""
    if incident.news is None or each.sent_at is None:
        return False
    if each.kind is Kind.ANSWER:
        return each.about_at >= incident.news.at
    return each.kind in (Kind.OPENED, Kind.UPDATED) and each.said(incident.id) >= incident.news.revision


def _update(incident: Incident, customer_id: str) -> Draft:
    assert incident.news is not None  # noqa: S101  narrowing
    news = incident.news
    return Draft(
        id=update_id(incident.id, news.revision, customer_id),
        customer_id=customer_id,
        kind=Kind.UPDATED,
        about_at=news.at,
        cause_id=news.cause,
        cause_hops=incident.hops,
        incident_id=incident.id,
        evidence={"news": news.revision, "news_of": incident.id, "of": " ".join(sorted(news.of))},
    )
