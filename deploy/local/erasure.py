"""Has a customer erased everywhere, and shows that it was done: publishes the fact, and collects each service's report."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiokafka.errors import KafkaError

from deploy import topics
from deploy.local.asking import Answer
from deploy.local.processes import Failed
from shared.connecting.brokers import Brokers
from shared.erasing import digest
from shared.events import CustomerErased, Topic
from shared.outgoing import erasure
from shared.routes.customers import ErasureView

DEADLINE_S = 30.0
DAY_MS = 86_400_000


def asked(customer_id: str, reason: str, now: datetime, before: Iterable[ErasureView]) -> CustomerErased:
    """Makes the fact, newer than every erasure `before`. Raises Failed for an id no service would read."""
    try:
        return erasure.asked(customer_id, reason, now, [each.erased_at for each in before])
    except ValueError as error:
        raise Failed(str(error)) from None


async def publish(brokers: Brokers, fact: CustomerErased) -> None:
    """Publishes the fact. Raises Failed."""
    try:
        await erasure.publish(brokers, fact)
    except TimeoutError:
        raise Failed(f"there is no topic {Topic.CUSTOMERS}: run `python -m deploy.init`") from None
    except KafkaError as error:
        raise Failed(f"Kafka at {brokers.servers}: {error}") from error


@dataclass
class Report:
    """Follows how one service handles the fact. `before`: what it had erased of the customer earlier."""

    url: str
    fact: CustomerErased
    before: ErasureView | None
    said: ErasureView | None = None
    trouble: str = field(default="it was not asked")

    def take(self, answer: Answer[ErasureView]) -> None:
        """Takes the service's latest answer."""
        if answer.said is None:
            self.trouble = "it has not heard of it yet" if answer.status == 404 else answer.complaint()
        elif answer.said.fact != digest(self.fact.id).hex():
            self.trouble = "it has not heard of it yet"
        else:
            self.said = answer.said
            self.trouble = f"still erasing: {', '.join(answer.said.pending)}" if answer.said.pending else ""

    @property
    def done(self) -> bool:
        return not self.trouble

    @property
    def service(self) -> str:
        """Returns the service's name, or its address before it has said its name."""
        known = self.said or self.before
        return known.service if known else self.url

    @property
    def rows(self) -> Mapping[str, int]:
        """Returns how many rows were deleted this time, by what they held."""
        before = self.before.rows if self.before else {}
        return {name: count - before.get(name, 0) for name, count in self.said.rows.items()} if self.said else {}

    def plain(self) -> dict[str, Any]:
        """Returns the report for programs."""
        return {"service": self.service, "url": self.url, "erased": self.done, "rows": dict(self.rows), "trouble": self.trouble or None}


def remains() -> list[str]:
    """Returns sentences about what is left of the customer, and for how long, by deploy/kafka/topics.yml."""
    keeps: dict[int, list[str]] = {}
    for name, wanted in topics.read().items():
        if name not in {Topic.CUSTOMERS, Topic.PARTIALS, topics.RECEIPTS}:  # the directory is below; nothing in the others is personal
            keeps.setdefault(int(wanted.settings["retention.ms"]) // DAY_MS, []).append(name)
    letters = max(days for days, names in keeps.items() if any(name.endswith(".dlq") for name in names))
    lines = [
        f"  {', '.join(own)}: {days} days"
        for days, names in sorted(keeps.items())
        if (own := [name for name in names if not name.endswith(".dlq")])
    ]
    return [
        "Kafka still has what was said before, until its retention ends (as deploy/kafka/topics.yml says); the services ignore it:",
        *lines,
        f"  dead letters: {letters} days; `forewarn dlq` neither shows them nor sends them back",
        "  customers.v1: older states go within a day; that the customer was erased stays, with the id,",
        "  so that a service whose backup is restored forgets them again",
        "Each service keeps a digest of the id, and counts. Backups and what was exported are yours to delete.",
    ]
