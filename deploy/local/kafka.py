"""Runs librdkafka's mock cluster in a process of its own, in place of Kafka. It lives as long as its standard input is open.

A real listener that keeps up to 5 MB a partition in memory and one consumer a group: right for a demo and quick
tests, wrong for anything that rebalances. It has its own process, because it aborts when two kinds of clients share a group.
"""

import sys

from confluent_kafka import Producer

from deploy.local.terminal import say


def main(topics: list[str]) -> None:
    """Starts a cluster that has these topics, says where it listens, and waits for the end of standard input."""
    cluster = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "none", "log_level": 0})
    for topic in topics:
        cluster.list_topics(topic, timeout=10)  # a metadata request makes the topic, with 4 partitions
    (broker,) = cluster.list_topics(timeout=10).brokers.values()
    say(f"listening on {broker.host}:{broker.port}")
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1:])
