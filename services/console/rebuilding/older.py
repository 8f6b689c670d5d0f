"""Rows older than what the topics still have are taken over as they are: Kafka keeps facts for weeks, the console for a year or two.

What the topics still say wins. Of what began before and goes on after, the columns that only earlier facts had said are taken over.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from shared.events import Topic
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))

TAKEN: tuple[tuple[str, Topic], ...] = (  # in this order: counts follow by triggers
    ("take_incidents", Topic.INCIDENTS),
    ("take_impact", Topic.INCIDENTS),
    ("take_notifications", Topic.NOTIFICATIONS),
    ("take_told", Topic.NOTIFICATIONS),
    ("take_tickets", Topic.TICKETS),
    ("take_messages", Topic.TICKETS),
    ("take_suggestions", Topic.TICKETS),
    ("take_risks", Topic.RISKS),
    ("take_candidates", Topic.INCIDENTS),
    ("take_lines_of_monitor", Topic.INCIDENTS),
    ("take_lines_of_ticketing", Topic.TICKETS),
)


async def take_older(tx: Tx, begins: Mapping[Topic, datetime]) -> None:
    """Takes over what was said before these moments, of topics that no longer have all that was said on them."""
    for name, topic in TAKEN:
        if topic in begins:
            await tx.execute(getattr(queries, name), begins[topic])
