"""This table names what notifier holds of one customer, how it is shown and how it is erased.

An erasure is for good: whoever was erased is told nothing again, whatever comes later.
"""

from services.notifier.store.personal import queries, restart_follow_ups
from shared.erasing import Personal

# Notifications come before the customer's entry, which is locked after them when they are decided about; what hangs on them comes first.
PERSONAL = (
    Personal("places where they were told", queries.places_held, queries.erase_places),
    Personal("deliveries", queries.deliveries, queries.erase_deliveries),
    Personal("use of what they were told", queries.engagements_held, queries.erase_engagements),
    Personal("notifications", queries.told, queries.erase_told),
    Personal("directory entries", queries.entry, queries.erase_entry),
    Personal("choices", queries.choices, queries.erase_choices),
    Personal("addresses that do not exist", queries.marks, queries.erase_marks),
    Personal("tickets about incidents", queries.links, queries.erase_links),
    Personal("arms of experiments", queries.arms, queries.erase_arms),
    Personal("messages that endpoints missed", queries.missed_held, queries.erase_missed),
    Personal("webhook endpoints", queries.endpoints_held, queries.erase_endpoints),
    Personal("places of follow-ups", queries.places, restart_follow_ups),
)
