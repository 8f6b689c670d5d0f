"""Gives a replica a name in its consumer groups (static membership, KIP-345), and resolves the conflict of two members with one name.

A member that has a name keeps its partitions over a restart within the session timeout. Two members with one name displace each
other for ever, a hundred times a minute, since the client joins again whenever it was displaced; neither makes progress.
"""

import logging
import secrets
import socket
import time
from collections import deque
from collections.abc import Collection
from typing import Any

from aiokafka import TopicPartition
from aiokafka.abc import ConsumerRebalanceListener

from shared import metrics
from shared.stream import Stream

log = logging.getLogger(__name__)

HOSTNAME = "hostname"  # as an instance: the name of this machine or container
# Assignments in seconds. Two of one name have four times as many, or just as many where the broker answers one with an error; a group of
# ten that starts has fewer.
MOST, WITHIN = 20, 120.0


class Membership(ConsumerRebalanceListener):  # type: ignore[misc]
    """Passes a consumer's rebalances to its stream and counts them. A member that is displaced again and again takes another name."""

    def __init__(self, stream: Stream, instance: str) -> None:
        """Takes FOREWARN_INSTANCE as `instance`; empty means no static membership."""
        self.instance = socket.gethostname() if instance == HOSTNAME else instance
        self._stream = stream
        self._assigned_at: deque[float] = deque(maxlen=MOST)
        metrics.ASSIGNMENTS.labels(stream.topic)
        metrics.ASSIGNED.labels(stream.topic)

    @property
    def name(self) -> str | None:
        """Returns the name by which the group knows this member; None without static membership."""
        return f"{self._stream.group}-{self.instance}" if self.instance else None

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        metrics.ASSIGNED.labels(self._stream.topic).set(0)
        await self._stream.on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        metrics.ASSIGNMENTS.labels(self._stream.topic).inc()
        metrics.ASSIGNED.labels(self._stream.topic).set(len(assigned))
        await self._stream.on_partitions_assigned(assigned)
        if self.instance and self._is_displaced(time.monotonic()):
            self._take_another_name()

    def _is_displaced(self, now: float) -> bool:
        """Returns True when this is one assignment too many."""
        self._assigned_at.append(now)
        return len(self._assigned_at) == MOST and now - self._assigned_at[0] <= WITHIN

    def _take_another_name(self) -> None:
        """Chooses another name for the next time it joins; two members that do so at once choose two names."""
        before, self.instance = self.instance, f"{self.instance}-{secrets.token_hex(3)}"
        self._assigned_at.clear()
        log.error(
            "%s: another member has the name %s too, and they displace each other; this one goes on as %s: set FOREWARN_INSTANCE anew",
            *(self._stream.group, before, self.instance),
        )
        # aiokafka has no public way: it reads the name whenever it joins, and a broker requires a new name of a new member.
        coordinator: Any = self._stream.consumer()._coordinator  # type: ignore[union-attr]
        coordinator._group_instance_id = self.name
        coordinator.reset_generation()
