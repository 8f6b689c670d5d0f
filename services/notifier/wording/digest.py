"""A digest tells several things in one message: each is an item, with its subject above its words. Pure."""

from collections.abc import Sequence

from services.notifier.channels.outcome import Words


def fields(items: Sequence[Words]) -> dict[str, str]:
    """Returns the fields of its words: the first item's subject, how many more there are, and all items as the body."""
    body = "\n\n".join(f"{number}. {each.subject}\n{each.body}" for number, each in enumerate(items, 1))
    return {"subject": items[0].subject, "count": str(len(items) - 1), "body": body}
