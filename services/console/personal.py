"""This table names what the console holds of one customer, how it is shown and how it is erased."""

from services.console.store import audit
from shared.erasing import Personal

PERSONAL: tuple[Personal, ...] = (Personal("acts of ours about them", audit.queries.of_customer, audit.queries.erase_customer),)
