"""Shops on the stack: each a product with customers of its own beside a round's load, whose mails come to the sink."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

from deploy.local.mailbox import Mail
from deploy.simulator.product import address
from tests.e2e.shop import Reached, Shop
from tests.faults.sink import Sink
from tests.faults.stack import TOKEN, Stack

CUSTOMERS = 20

_numbers: Iterator[int] = count(1)


@dataclass(frozen=True)
class _Box:
    """The sink as a shop reads its mails."""

    sink: Sink

    async def mails(self) -> Sequence[Mail]:
        return [Mail(mail.to, mail.about, mail.message_id, datetime.now(UTC), kind=mail.kind) for mail in self.sink.mails]


def shop_of(stack: Stack, kind: str) -> Shop:
    """Returns one, to be opened."""
    urls = {name.partition("-")[0]: f"http://127.0.0.1:{member.port}" for name, member in stack.members.items()}
    tokens = {role: TOKEN.format(role=role) for role in ("producer", "agent", "operator")}
    return Shop(Reached(stack.kafka.bootstrap, urls, tokens, _Box(stack.sink)), f"{kind}{next(_numbers)}", CUSTOMERS)


def addresses(shop: Shop) -> frozenset[str]:
    """Returns the addresses of all its customers."""
    return frozenset(address(customer) for customer in shop.everybody)
