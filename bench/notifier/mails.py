"""The mails of the benchmark: an outage is told to many, each with a name and a link of their own; a third is beyond ASCII."""

from collections.abc import Sequence
from datetime import UTC, datetime

from services.notifier.channels.email.mail import Sender
from services.notifier.channels.outcome import Rendered

SHOP = Sender("Shop", "support@example.com")
NAMES = ("Ada Lovelace", "Grace Hopper", "Jörg Müller")
LINK = "https://shop.example/u/eyJjIjoiYy17{number}In0.abcdefghijklmnopqrstuvwxyz0123456789"
TEXT = (
    "Hello {name},\n\nthere is trouble with the checkout since 14:02 CET. If a payment failed for you, you did nothing wrong:"
    " it is on our side, we know of it, and we are working on it.\n\nWe will tell you as soon as it is over.\n\nShop\n\n"
    "-- \nYou get this mail because you use the checkout. No more of these: {link}\n"
)


def mails(count: int) -> Sequence[Rendered]:
    return [_mail(number) for number in range(count)]


def _mail(number: int) -> Rendered:
    name, link = NAMES[number % len(NAMES)], LINK.replace("{number}", str(number))
    return Rendered(
        id=f"0190f1a2-aaaa-7bbb-8ccc-{number:012}",
        kind="opened",
        address=f"customer-{number}@example.org",
        name=name,
        subject="checkout is failing: we are on it",
        text=TEXT.format(name=name, link=link),
        incident_id="0190f1a2-aaaa-7bbb-8ccc-0123456789ab",
        unsubscribe=link,
        date=datetime(2026, 11, 24, 12, tzinfo=UTC),
    )
