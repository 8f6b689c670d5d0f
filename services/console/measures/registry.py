"""Lists every measure of the loop once: REST, pages, Prometheus, the dashboard and docs/measures.md take names and words from here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Unit(StrEnum):
    """Says what a figure counts."""

    CUSTOMERS = "customers"
    INCIDENTS = "incidents"
    TICKETS = "tickets"
    SHARE = "a share of 1"
    SECONDS = "seconds"
    RATE = "customers a second"


class Of(StrEnum):
    """Says what a measure is taken of."""

    BOTH = "one incident, or a period"
    PERIOD = "a period"


@dataclass(frozen=True)
class Measure:
    """Is one measure: its name, what it counts, and what it is in a sentence. Its figure is None where there is nothing to count."""

    name: str  # in REST and in the table `figures`
    title: str  # on pages, and before the figure in `forewarn report`
    unit: Unit
    sentence: str
    facts: str  # the facts that it follows from
    of: Of = Of.BOTH

    @property
    def series(self) -> str:
        """Returns the name of its gauge in Prometheus, which has the label `period`."""
        suffix = {Unit.SHARE: "_ratio", Unit.SECONDS: "_seconds", Unit.RATE: "_per_second"}.get(self.unit, "")
        return f"forewarn_console_{self.name.removesuffix(suffix)}{suffix}"


PERIODS: Mapping[str, timedelta] = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}

_IMPACT = "`incident.impact`"
_TOLD = f"{_IMPACT}, `notification.delivered` of kind `opened`"
_WROTE = f"{_IMPACT}, `state` of every ticket fact"
_BOTH = f"{_IMPACT}, `notification.delivered` of kind `opened`, `state` of every ticket fact"
_STATE = "`state` of every ticket fact"

MEASURES: tuple[Measure, ...] = (
    Measure("incidents", "Incidents", Unit.INCIDENTS, "Incidents that were opened.", "`incident.opened`", Of.PERIOD),
    Measure(
        "ended",
        "Ended incidents",
        Unit.INCIDENTS,
        "Those of them that are over now: resolved, withdrawn or dismissed.",
        "`incident.resolved`, `incident.withdrawn`, `incident.dismissed`, `incident.reopened`",
        Of.PERIOD,
    ),
    Measure(
        "dismissed", "False alarms", Unit.INCIDENTS, "Those of them that a person dismissed as false.", "`incident.dismissed`", Of.PERIOD
    ),
    Measure(
        "false_alarms",
        "False alarm rate",
        Unit.SHARE,
        "False alarms of ended incidents.",
        "the same as for both",
        Of.PERIOD,
    ),
    Measure("affected", "Affected", Unit.CUSTOMERS, "Customers whom an incident touches, once for each incident.", _IMPACT),
    Measure("told", "Told", Unit.CUSTOMERS, "Affected customers who were told that the incident was opened.", _TOLD),
    Measure(
        "told_first",
        "Told before they wrote",
        Unit.CUSTOMERS,
        "Those of them who first wrote about it when they had been told, or never wrote about it.",
        _BOTH,
    ),
    Measure("wrote", "Wrote in", Unit.CUSTOMERS, "Affected customers who have a ticket that is linked to the incident.", _WROTE),
    Measure("coverage", "Coverage", Unit.SHARE, "Told before they wrote, of affected.", _BOTH),
    Measure("complaint_rate", "Complaint rate", Unit.SHARE, "Wrote in, of affected.", _WROTE),
    Measure(
        "lead_time_p50",
        "Lead time, median",
        Unit.SECONDS,
        "From told to the first contact, of affected customers who first wrote about it when they had been told.",
        _BOTH,
    ),
    Measure(
        "told_per_second",
        "Most told in a second",
        Unit.RATE,
        "The largest number of affected customers who were told in one second.",
        _TOLD,
    ),
    Measure(
        "telling_p50",
        "Half of the told had been told after",
        Unit.SECONDS,
        "From the opening to told, of told customers: the median.",
        _TOLD,
    ),
    Measure(
        "telling_p95",
        "95 of 100 had been told after",
        Unit.SECONDS,
        "From the opening to told, of told customers: the 95th percentile.",
        _TOLD,
    ),
    Measure(
        "tickets",
        "Tickets",
        Unit.TICKETS,
        "Tickets that were opened, also cases for customers at risk who have not written; of an incident: those that are linked to it.",
        _STATE,
    ),
    Measure(
        "human_response_p50",
        "Response by a person, median",
        Unit.SECONDS,
        "From the opening of a ticket to the first reply of a person, of tickets that have one.",
        "`state.opened_at`, `ticket.replied` of kind `reply`",
    ),
    Measure(
        "human_response_p95",
        "Response by a person, 95th percentile",
        Unit.SECONDS,
        "The same: the 95th percentile.",
        "`state.opened_at`, `ticket.replied` of kind `reply`",
    ),
    Measure(
        "automatic_response_p50",
        "Automatic response, median",
        Unit.SECONDS,
        "From the opening of a ticket to its first response, of tickets that Forewarn answered first.",
        "`state.responded_at`, `state.responded_automatically`",
    ),
    Measure(
        "automatic_response_p95",
        "Automatic response, 95th percentile",
        Unit.SECONDS,
        "The same: the 95th percentile.",
        "`state.responded_at`, `state.responded_automatically`",
    ),
    Measure(
        "resolution_p50",
        "Resolution, median",
        Unit.SECONDS,
        "From the opening of a ticket to its latest resolution, of tickets that are resolved or closed.",
        "`state.resolved_at`",
    ),
    Measure("resolution_p95", "Resolution, 95th percentile", Unit.SECONDS, "The same: the 95th percentile.", "`state.resolved_at`"),
    Measure(
        "reopen_rate",
        "Reopen rate",
        Unit.SHARE,
        "Tickets that were reopened, once or more often, of tickets that were ever resolved.",
        "`ticket.reopened`, `state.resolved_at`",
    ),
)


def measures_of(of: Of) -> Iterator[Measure]:
    """Yields the measures that are taken of one incident (`Of.BOTH`), or of a period, which are all."""
    yield from (each for each in MEASURES if of is Of.PERIOD or each.of is Of.BOTH)
