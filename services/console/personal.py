"""This table names what the console holds of one customer, how it is shown and how it is erased.

Rows are deleted, not emptied. What is counted of an incident, and of seconds, follows: of one that touched the customer, one fewer.
"""

from services.console.store import audit
from services.console.store.acts import queries as forms
from services.console.store.drafts import queries as typed
from services.console.store.personal import queries as sql
from shared.erasing import Personal

# Rows that hang on tickets are deleted before them, so that the report counts them.
PERSONAL: tuple[Personal, ...] = (
    Personal("entries of the directory", sql.show_entry, sql.erase_entry),
    Personal("acts of ours about them", audit.queries.of_customer, audit.queries.erase_customer),
    Personal("forms of ours about them", forms.forms_about, forms.erase_forms),
    Personal("drafts", typed.drafts_about, typed.erase_drafts),
    Personal("answers shown until their facts are heard", typed.answers_awaited, typed.erase_awaited),
    Personal("messages on tickets", sql.show_messages, sql.erase_messages),
    Personal("suggested incidents", sql.show_suggestions, sql.erase_suggestions),
    Personal("lines of time lines", sql.show_lines, sql.erase_lines),
    Personal("tickets", sql.show_tickets, sql.erase_tickets),
    Personal("notifications", sql.show_notifications, sql.erase_notifications),
    Personal("incidents that touched them", sql.show_impact, sql.erase_impact),
    Personal("risks", sql.show_risks, sql.erase_risks),
)
