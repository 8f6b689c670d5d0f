"""This table names what ticketing holds of one customer, how it is shown and how it is erased.

Tickets are deleted, not emptied: what no row holds, no later column or list can show. Their numbers are not used again, and the
counters in Prometheus keep what happened.
"""

from services.ticketing.store.customers import queries as sql
from shared.erasing import Personal

# Rows that hang on tickets are deleted before them, so that the report counts them.
PERSONAL = (
    Personal("messages on tickets", sql.messages, sql.erase_messages),
    Personal("links to incidents", sql.links, sql.erase_links),
    Personal("suggested incidents", sql.suggestions, sql.erase_suggestions),
    Personal("promises", sql.clocks, sql.erase_clocks),
    Personal("lines of ticket history", sql.history, sql.erase_history),
    Personal("tickets", sql.tickets, sql.erase_tickets),
    Personal("incidents that touched them", sql.impact, sql.erase_impact),
    Personal("incidents still to be matched", sql.pieces, sql.erase_pieces),
    Personal("incidents they were told of", sql.told, sql.erase_told),
)
