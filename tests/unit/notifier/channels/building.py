"""Messages for tests of channels."""

from typing import Any

from services.notifier.channels.outcome import Rendered
from tests.builders import NOON

STOP = "https://shop.example.org/u/aW5jaWRlbnQKYy0x.s3al_-x"
TEXT = (
    f"Hello Ada,\n\nthere is trouble with Checkout & Login.\nSee https://shop.example.org/a_b?c=1&d=2.\n\n-- \nNo more of these: {STOP}\n"
)


def message(address: str, **said: Any) -> Rendered:
    """Returns a message that we send first, whose first try begins at noon."""
    given = {"id": "n-1", "kind": "opened", "name": "Ada", "subject": "Checkout is failing: we are on it", "text": TEXT}
    return Rendered(**{**given, "unsubscribe": STOP, "address": address, "date": NOON, **said})
