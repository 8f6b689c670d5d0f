"""A person takes the mark on an address back: it is tried again, and the log says who said so and why."""

from services.notifier.hearing.addresses import contacts_changed
from services.notifier.store import directory, switches
from shared.postgres import Tx

SUBJECT = "mark on an address"  # the log names neither the customer nor the address


async def take_back(tx: Tx, customer_id: str, address: str, by: str, reason: str) -> bool:
    """Takes the mark back; returns whether there was one. What could not be brought there is told after all while its incident goes on."""
    await directory.customers(tx, [customer_id])  # locks: no try settles, and no fact moves the address, unseen meanwhile
    mark = await tx.fetchrow(directory.queries.clear_mark, customer_id, address)
    if mark is not None:
        figures = {"since": mark["since"].isoformat(), "said_by": mark["said_by"], "notification_id": mark["notification_id"]}
        await switches.log(tx, by, "took back", SUBJECT, reason, figures)
    await contacts_changed(tx, [customer_id])
    return mark is not None
