"""A story has a verdict: a Forewarn that does everything right passes, and each way to fall short is named."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from deploy.local.mailbox import Mail
from deploy.local.verdict import difference, judge, shortcomings
from deploy.local.witness import Witness
from deploy.simulator.product import address
from deploy.simulator.story import Story, published
from shared.events import (
    Affected,
    Fact,
    IncidentImpact,
    IncidentOpened,
    IncidentResolved,
    TicketClosed,
    TicketLinked,
    TicketOpened,
    TicketReceived,
    TicketResolved,
    TicketRisk,
    TicketSuggested,
    TicketUnlinked,
)

START = datetime(2026, 11, 25, 10, tzinfo=UTC)
INCIDENT = {"incident_id": "i-1", "rule": "checkout-failing", "component": "checkout", "severity": "high", "title": "Checkout fails"}
KEYS = [
    "opened_after_s",
    "affected",
    "told",
    "told_twice",
    "unaffected_told",
    "tickets",
    "tickets_linked",
    "tickets_answered",
    "all_clear",
    "coverage",
    "lead_time_median_s",
    "would_have_written",
    "wrote",
]


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def mail(customer_id: str, kind: str, seconds: float, ticket_id: str | None = None, message_id: str = "") -> Mail:
    unique = message_id or f"<{customer_id}.{kind}@example.com>"
    return Mail(address(customer_id), kind, unique, at(seconds), "", kind, "i-1", ticket_id)


def opened(seen: Witness, seconds: float = 9.5) -> None:
    data = IncidentOpened.Data(**INCIDENT, started_at=at(6), opened_at=at(seconds), why={})
    seen.saw_fact(IncidentOpened.of(data, subject="i-1", at=at(seconds)), at(seconds).timestamp())


def impact(seen: Witness, customers: list[str]) -> None:
    affected = tuple(Affected(customer_id=c, certainty="confirmed", first_seen_at=at(7), last_seen_at=at(11), count=2) for c in customers)
    for chunk, some in enumerate((affected[:100], affected[100:])):
        data = IncidentImpact.Data(incident_id="i-1", chunk=chunk, customers=some)
        seen.saw_fact(IncidentImpact.of(data, subject="i-1", at=at(12), unique=chunk), at(12).timestamp())


def ticket(seen: Witness, customer_id: str, number: int) -> list[Mail]:
    common = {"ticket_id": f"t-{number}", "number": number, "customer_id": customer_id}
    when = seen.first_contact[customer_id] - seen.start + 0.2
    opened = TicketOpened.Data(**common, channel="form", subject="Cannot pay", component=None, priority="normal", opened_at=at(when))
    seen.saw_fact(TicketOpened.of(opened, subject=f"t-{number}", at=at(when)), at(when).timestamp())
    linked = TicketLinked.Data(**common, incident_id="i-1", reasons=("in the impact",))
    seen.saw_fact(TicketLinked.of(linked, subject=f"t-{number}", at=at(when)), at(when).timestamp())
    return [mail(customer_id, "answer", when + 0.5, f"t-{number}")]


def test_a_case_that_nobody_has_asked_for_is_no_ticket_of_a_customer() -> None:
    seen, customer_id = (
        Witness(published(), START.timestamp()),
        sorted(published().product.customer_id(each) for each in published().victims)[0],
    )
    said = {"ticket_id": "t-1", "number": 1, "customer_id": customer_id, "channel": "risk", "subject": "Uses less", "component": None}
    opened = TicketOpened.Data.model_validate(
        said | {"priority": "normal", "opened_at": at(5), "risk": TicketRisk(risk_id="k-1", rule="uses-less", score=0.5)}
    )
    seen.saw_fact(TicketOpened.of(opened, subject="t-1", at=at(5)), at(5).timestamp())
    assert seen.cases == {}
    seen.saw_fact(TicketOpened.of(opened.model_copy(update={"risk": None}), subject="t-1", at=at(5)), at(5).timestamp())
    assert list(seen.cases) == ["t-1"]


def resolved(seen: Witness) -> None:
    data = IncidentResolved.Data(**INCIDENT, started_at=at(6), resolved_at=at(48), affected=137, why={})
    seen.saw_fact(IncidentResolved.of(data, subject="i-1", at=at(48)), at(48).timestamp())
    for ticket_id, case in seen.cases.items():
        common = {"ticket_id": ticket_id, "number": case.number, "customer_id": case.customer_id}
        done = TicketResolved.Data(**common, resolution="over", incident_id="i-1", resolved_at=at(49))
        seen.saw_fact(TicketResolved.of(done, subject=ticket_id, at=at(49)), at(49).timestamp())


def as_it_should_be(story: Story | None = None) -> tuple[Witness, list[Mail]]:
    """Returns a whole story with a Forewarn that does everything right; the mails are not given to the witness yet."""
    seen = Witness(story or published(), START.timestamp())
    mails = [mail(customer_id, "opened", 12.0) for customer_id in sorted(seen.victims)]
    messages = seen.story.messages(lambda _: True, until=50)
    for message in messages:
        seen.saw_message(message)
    opened(seen)
    impact(seen, sorted(seen.victims))
    for number, customer_id in enumerate(seen.first_contact, start=1):
        mails += ticket(seen, customer_id, number)
    resolved(seen)
    mails += [mail(customer_id, "resolved", 49.0) for customer_id in sorted(seen.victims)]
    return seen, mails


def test_a_story_that_went_as_it_should_has_no_shortcomings() -> None:
    seen, mails = as_it_should_be()
    seen.saw_mails(mails, at(50).timestamp())
    verdict = judge(seen)
    assert shortcomings(verdict, seen) == []
    assert (verdict.affected, verdict.told, verdict.all_clear, verdict.coverage) == (137, 137, 137, 1.0)
    assert verdict.tickets == verdict.tickets_linked == verdict.tickets_answered == len(seen.first_contact) > 0
    assert seen.over()


def test_the_line_has_exactly_the_published_keys_in_their_order() -> None:
    seen, _ = as_it_should_be()
    assert list(json.loads(judge(seen).line())) == KEYS


def test_opened_after_counts_from_the_first_failing_event_of_the_outage() -> None:
    seen, _ = as_it_should_be()
    first = min(seen.first_failure.values()) - START.timestamp()
    assert 6.0 <= first < 6.2
    assert judge(seen).opened_after_s == pytest.approx(9.5 - first, abs=0.01)


def test_the_lead_is_from_told_to_the_end_of_each_customers_patience() -> None:
    seen, mails = as_it_should_be()
    seen.saw_mails(mails, at(50).timestamp())
    later, mails = as_it_should_be()
    later.saw_mails([replace(each, received_at=each.received_at + timedelta(seconds=5)) for each in mails], at(60).timestamp())
    lead, shorter = judge(seen).lead_time_median_s, judge(later).lead_time_median_s
    assert lead is not None
    assert shorter == pytest.approx(lead - 5, abs=0.01)
    assert 60 < lead < 120


def test_whoever_was_told_after_writing_in_is_not_covered() -> None:
    seen, mails = as_it_should_be()
    hasty = next(iter(seen.first_contact))
    late = seen.first_contact[hasty] - seen.start + 1
    mails = [replace(each, received_at=at(late)) if each.to == address(hasty) and each.kind == "opened" else each for each in mails]
    seen.saw_mails(mails, at(50).timestamp())
    assert judge(seen).coverage == pytest.approx(136 / 137, abs=1e-4)


def test_who_would_have_written_is_who_writes_in_the_same_story_when_nobody_is_told_until_the_incident_is_resolved() -> None:
    seen, mails = as_it_should_be()
    seen.saw_mails(mails, at(50).timestamp())
    untold = Witness(published(), START.timestamp())
    for message in untold.story.messages(until=48):
        untold.saw_message(message)
    verdict = judge(seen)
    assert verdict.would_have_written == len(untold.first_contact) > 30
    assert verdict.wrote == len(seen.first_contact) < verdict.would_have_written
    assert difference(verdict) == f"{len(untold.first_contact)} of 137 would have written in had nobody told them; {verdict.wrote} did."


def test_whoever_wrote_in_would_also_have_written_had_nobody_told_them() -> None:
    seen, _ = as_it_should_be()
    seen.resolved_at = max(seen.first_contact.values())
    verdict = judge(seen)
    assert verdict.would_have_written >= verdict.wrote > 0


def test_while_the_incident_is_not_resolved_the_trouble_counts_until_the_outage_ends() -> None:
    seen, _ = as_it_should_be()
    seen.resolved_at = None
    until_24_s = sum(at(24).timestamp() >= seen.story.would_write_at(_number(c), first) for c, first in seen.first_failure.items())
    assert judge(seen).would_have_written == until_24_s > 0


def _number(customer_id: str) -> int:
    return int(customer_id.removeprefix("c-"))


def others_of_tickets(seen: Witness) -> list[Fact]:
    """Returns facts about a ticket that was seen which are of no concern to a story, as ticketing says them."""
    ticket_id, case = next(iter(seen.cases.items()))
    common = {"ticket_id": ticket_id, "number": case.number, "customer_id": case.customer_id, "by": "ada", "actor": "agent"}
    received = {"message_id": "m-1", "channel": "form", "subject": "Cannot pay", "body": "It hangs.", "written_at": at(20)}
    return [
        TicketReceived.of(TicketReceived.Data(**common, **received), subject=ticket_id, at=at(49)),
        TicketSuggested.of(TicketSuggested.Data(**common, incidents=()), subject=ticket_id, at=at(49)),
        TicketUnlinked.of(TicketUnlinked.Data(**common, incident_id="i-2", verdict="an invoice"), subject=ticket_id, at=at(49)),
        TicketClosed.of(TicketClosed.Data(**common, closed_at=at(49)), subject=ticket_id, at=at(49)),
    ]


def test_facts_of_tickets_that_the_story_does_not_follow_change_nothing() -> None:
    seen, mails = as_it_should_be()
    seen.saw_mails(mails, at(50).timestamp())
    before = judge(seen)
    for fact in others_of_tickets(seen):
        seen.saw_fact(fact, at(49).timestamp())
    assert judge(seen) == before
    assert seen.over()


def told_twice(_: Witness, mails: list[Mail]) -> None:
    mails.append(replace(mails[0], message_id="<another@example.com>"))


def told_twice_with_the_same_id(_: Witness, mails: list[Mail]) -> None:
    mails.append(mails[0])


def all_clear_twice(_: Witness, mails: list[Mail]) -> None:
    mails.append(mails[-1])


def one_not_told(_: Witness, mails: list[Mail]) -> None:
    del mails[0]


def one_without_all_clear(_: Witness, mails: list[Mail]) -> None:
    del mails[-1]


def a_stranger_told(seen: Witness, mails: list[Mail]) -> None:
    stranger = next(n for n in seen.story.product.everyone if n not in seen.story.victims)
    mails.append(mail(seen.story.product.customer_id(stranger), "resolved", 49.0))


def one_not_answered(_: Witness, mails: list[Mail]) -> None:
    mails.remove(next(each for each in mails if each.kind == "answer"))


def one_not_linked(seen: Witness, _: list[Mail]) -> None:
    next(iter(seen.cases.values())).linked_to = "another-incident"


def one_without_ticket(seen: Witness, _: list[Mail]) -> None:
    del seen.cases[next(iter(seen.cases))]


def one_too_many_found(seen: Witness, _: list[Mail]) -> None:
    impact(seen, ["c-1"] if "c-1" not in seen.victims else ["c-2"])


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (told_twice, "nobody may be told twice; 1 were"),
        (told_twice_with_the_same_id, "nobody may be told twice; 1 were"),
        (all_clear_twice, "nobody may be told twice; 1 were"),
        (one_not_told, "all 137 must be told; 136 were"),
        (one_without_all_clear, "all 137 must get the all-clear; 136 did"),
        (a_stranger_told, "nobody else may be told; 1 were"),
        (one_not_answered, "tickets must be answered"),
        (one_not_linked, "tickets must be linked"),
        (one_without_ticket, "who wrote in must have a ticket"),
        (one_too_many_found, "exactly the 137 customers who were hit must be found; 138 were"),
    ],
)
def test_each_way_to_fall_short_is_named(spoil: Callable[[Witness, list[Mail]], None], complaint: str) -> None:
    seen, mails = as_it_should_be()
    spoil(seen, mails)
    seen.saw_mails(mails, at(50).timestamp())
    assert any(complaint in sentence for sentence in shortcomings(judge(seen), seen))


def test_nothing_seen_falls_short_of_everything_but_divides_by_nothing() -> None:
    seen = Witness(published(), START.timestamp())
    verdict = judge(seen)
    assert (verdict.opened_after_s, verdict.lead_time_median_s, verdict.coverage) == (None, None, 0.0)
    assert len(shortcomings(verdict, seen)) == 4
    assert not seen.over()


def test_an_incident_of_another_component_is_not_this_one() -> None:
    seen = Witness(published(), START.timestamp())
    data = IncidentOpened.Data(**(INCIDENT | {"component": "search"}), started_at=at(6), opened_at=at(9), why={})
    seen.saw_fact(IncidentOpened.of(data, subject="i-1", at=at(9)), at(9).timestamp())
    assert seen.opened is None


def test_an_answer_about_something_else_is_not_about_the_incident() -> None:
    seen, mails = as_it_should_be()
    stranger = next(n for n in seen.story.product.everyone if n not in seen.story.victims)
    mails.append(replace(mail(seen.story.product.customer_id(stranger), "reply", 30.0), incident_id=None))
    seen.saw_mails(mails, at(50).timestamp())
    assert judge(seen).unaffected_told == 0
