"""The unit tests share a Kafka of their own, librdkafka's mock cluster."""

from collections.abc import Iterator

import pytest
from confluent_kafka import Producer


@pytest.fixture
def kafka() -> Iterator[str]:
    """Yields the address of a mock cluster of its own."""
    cluster = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "none", "log_level": 0})
    (broker,) = cluster.list_topics(timeout=10).brokers.values()
    yield f"{broker.host}:{broker.port}"
    cluster.close()
