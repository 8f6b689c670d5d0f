"""Customers who were told of maintenance hear what becomes of it; this says who is owed what, and who hears of it first. Pure."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from services.notifier.maintenance import Period, PeriodStatus
from services.notifier.notification import OF_MAINTENANCE, Draft, Kind, Notification, period_id

# What is told to who was told before, by how the period stands.
BECAME = {
    PeriodStatus.PLANNED: Kind.MAINTENANCE_CHANGED,
    PeriodStatus.RUNNING: Kind.MAINTENANCE_STARTED,
    PeriodStatus.OVER: Kind.MAINTENANCE_ENDED,
    PeriodStatus.CANCELLED: Kind.MAINTENANCE_CANCELLED,
}


def notices(period: Period, customers: Iterable[str]) -> Iterator[Draft]:
    """Yields the first that these customers hear of a period; how it stands when it is told decides its words."""
    for customer_id in customers:
        yield _draft(period, Kind.MAINTENANCE_PLANNED, customer_id, period_id(period.id, Kind.MAINTENANCE_PLANNED, customer_id))


def owed_notices(period: Period, ledger: Iterable[Notification]) -> Iterator[Draft]:
    """Yields what became of the period for each customer who was told of it and not that.

    `ledger` is what customers have in the ledger of this period, one customer after the other. Of what is under way the outcome is
    waited for: whoever settles it looks again.
    """
    for customer_id, group in groupby(ledger, key=lambda each: each.customer_id):
        theirs = list(group)
        told = [each for each in theirs if each.kind in OF_MAINTENANCE and each.sent_at is not None]
        if not told or any(each.under_way for each in theirs) or any(each.said(period.id) >= period.news for each in told):
            continue
        kind = _kind(period, told)
        revision = period.news if kind is Kind.MAINTENANCE_CHANGED else None
        yield _draft(period, kind, customer_id, period_id(period.id, kind, customer_id, revision))


def _kind(period: Period, told: Iterable[Notification]) -> Kind:
    """Returns what became of it. That it runs is told once; what changes after that is a change."""
    kind = BECAME[period.status]
    if kind is Kind.MAINTENANCE_STARTED and any((each.why or {}).get("status") == PeriodStatus.RUNNING for each in told):
        return Kind.MAINTENANCE_CHANGED
    return kind


def _draft(period: Period, kind: Kind, customer_id: str, id_: str) -> Draft:
    return Draft(
        id=id_,
        customer_id=customer_id,
        kind=kind,
        about_at=period.news_at,
        cause_id=period.news_by,
        cause_hops=period.hops,
        evidence={"maintenance_id": period.maintenance_id, "news": period.news},
        period=period.id,
    )
