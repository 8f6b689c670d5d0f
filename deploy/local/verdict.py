"""Judges a story that was seen to its end: computes the figures, and what falls short of what Forewarn promises. Pure."""

import json
from dataclasses import asdict, dataclass
from statistics import median

from deploy.local.witness import Witness


@dataclass(frozen=True)
class Verdict:
    """Holds the figures of one story, as its last line prints them."""

    opened_after_s: float | None  # from the outage's first failing event to the incident's opened_at
    affected: int  # customers in the incident's impact
    told: int  # of them, those with an `opened` mail
    told_twice: int  # customers with two `opened` or two `resolved` mails, whatever their Message-IDs
    unaffected_told: int  # customers whom the outage did not hit, and who have a mail about the incident
    tickets: int  # of customers whom the outage hit
    tickets_linked: int  # of them, to the incident
    tickets_answered: int  # of them, with an `answer` mail
    all_clear: int  # affected customers with a `resolved` mail
    coverage: float  # affected customers told before they first wrote in, of all affected
    lead_time_median_s: float | None  # from told to the moment they would have written in, by their patience
    would_have_written: int  # affected customers whose patience would have ended before the trouble was over, had nobody told them
    wrote: int  # affected customers who wrote in

    def line(self) -> str:
        return json.dumps(asdict(self))


def judge(seen: Witness) -> Verdict:
    """Returns the figures of what was seen."""
    told = {customer for customer in seen.affected if seen.told(customer)}
    about_it = seen.about_it()
    leads = [_would_write_at(seen, customer) - _told_at(seen, customer) for customer in told if customer in seen.first_failure]
    in_time = [c for c in told if _told_at(seen, c) <= seen.first_contact.get(c, float("inf"))]
    return Verdict(
        opened_after_s=_opened_after_s(seen),
        affected=len(seen.affected),
        told=len(told),
        told_twice=len({c for kind in ("opened", "resolved") for c, mails in seen.mails[kind].items() if len(mails) > 1}),
        unaffected_told=len(_others_told(seen)),
        tickets=len(about_it),
        tickets_linked=sum(case.linked_to is not None and case.linked_to == _incident_id(seen) for case in about_it.values()),
        tickets_answered=sum(seen.answered(ticket_id) for ticket_id in about_it),
        all_clear=len(seen.affected.keys() & seen.mails["resolved"].keys()),
        coverage=round(len(in_time) / len(seen.affected), 4) if seen.affected else 0.0,
        lead_time_median_s=round(median(leads), 2) if leads else None,
        would_have_written=sum(
            _would_write_at(seen, customer) <= _over_at(seen) for customer in seen.affected if customer in seen.first_failure
        ),
        wrote=len(seen.affected.keys() & seen.first_contact.keys()),
    )


def difference(verdict: Verdict) -> str:
    """Returns in a sentence what telling them was good for."""
    return f"{verdict.would_have_written} of {verdict.affected} would have written in had nobody told them; {verdict.wrote} did."


def shortcomings(verdict: Verdict, seen: Witness) -> list[str]:
    """Returns what was promised and did not happen, in sentences; empty when the story went as it should."""
    hit, wrote = len(seen.victims), len(seen.first_contact)
    promises = {
        f"the incident must open; it did after {verdict.opened_after_s} s": verdict.opened_after_s is not None,
        f"exactly the {hit} customers who were hit must be found; {verdict.affected} were": seen.affected.keys() == seen.victims,
        f"all {hit} must be told; {verdict.told} were": verdict.told == hit,
        f"nobody may be told twice; {verdict.told_twice} were": verdict.told_twice == 0,
        f"nobody else may be told; {verdict.unaffected_told} were": verdict.unaffected_told == 0,
        f"each of the {wrote} who wrote in must have a ticket; there are {verdict.tickets}": verdict.tickets == wrote,
        f"all {verdict.tickets} tickets must be linked; {verdict.tickets_linked} are": verdict.tickets_linked == verdict.tickets,
        f"all {verdict.tickets} tickets must be answered; {verdict.tickets_answered} are": verdict.tickets_answered == verdict.tickets,
        f"all {hit} must get the all-clear; {verdict.all_clear} did": verdict.all_clear == hit,
    }
    return [sentence for sentence, kept in promises.items() if not kept]


def _opened_after_s(seen: Witness) -> float | None:
    if seen.opened is None or not seen.first_failure:
        return None
    return round(seen.opened.opened_at.timestamp() - min(seen.first_failure.values()), 2)


def _incident_id(seen: Witness) -> str | None:
    return seen.opened.incident_id if seen.opened else None


def _told_at(seen: Witness, customer_id: str) -> float:
    return min(mail.received_at.timestamp() for mail in seen.mails["opened"][customer_id])


def _would_write_at(seen: Witness, customer_id: str) -> float:
    number = int(customer_id.removeprefix(seen.story.product.prefix))
    return seen.story.would_write_at(number, seen.first_failure[customer_id])


def _over_at(seen: Witness) -> float:
    """Returns when the trouble was over: when the incident was resolved, since before that nobody could have said so to anybody.

    Without that, it is the end of the outage, which customers can only guess.
    """
    return seen.resolved_at or seen.start + seen.outage.end


def _others_told(seen: Witness) -> set[str]:
    about_it = ((customer, mail) for mails in seen.mails.values() for customer, some in mails.items() for mail in some if mail.incident_id)
    return {customer for customer, _ in about_it if customer not in seen.victims}
