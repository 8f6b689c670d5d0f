"""This table names what the console holds of one customer, how it is shown and how it is erased."""

from services.console.store import audit
from services.console.store.drafts import queries as typed
from shared.erasing import Personal

PERSONAL: tuple[Personal, ...] = (
    Personal("acts of ours about them", audit.queries.of_customer, audit.queries.erase_customer),
    Personal("drafts", typed.drafts_about, typed.erase_drafts),
    Personal("answers shown until their facts are heard", typed.answers_awaited, typed.erase_awaited),
)
