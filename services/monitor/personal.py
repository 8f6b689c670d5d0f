"""This table names what monitor holds of one customer, how it is shown and how it is erased."""

from services.monitor.store import aliases, candidates, customers, renewals, steps, tiers
from shared.erasing import Personal

PERSONAL = (
    # These come before the impact, whose rows say which steps they are.
    Personal("people's words about them and an incident", steps.queries.steps_about, steps.queries.erase_words_about),
    Personal("incidents that touched them", customers.queries.impact_on, customers.queries.erase_impact),
    Personal("complaints", candidates.queries.complaints_of, candidates.queries.erase_complaints),
    Personal("tiers", tiers.queries.tier_of, tiers.queries.erase_tier),
    Personal("renewals", renewals.queries.renewal_of, renewals.queries.erase_renewal),
    Personal("other names", aliases.queries.aliases_naming, aliases.erase_aliases),
    Personal("counts on their way to another name", aliases.queries.moves_naming, aliases.queries.erase_moves),
    Personal("risks", customers.queries.risks_of, customers.queries.erase_risks),
    Personal(
        "moments remembered",
        customers.queries.moments_naming,
        customers.begin_erasing_moments,
        shown=customers.moments_of,
        pending=customers.queries.is_erasing,
    ),
    Personal(
        "failures counted",
        customers.queries.tallies_naming,
        customers.begin_erasing,
        shown=customers.failures_of,
        pending=customers.queries.is_erasing,
    ),
)
