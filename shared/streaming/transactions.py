"""Finds whose open transaction blocks a partition, by requests to the brokers that aiokafka does not have.

A reader of what is committed gets nothing behind the first record of a transaction that is neither committed nor aborted.

https://cwiki.apache.org/confluence/display/KAFKA/KIP-664%3A+Provide+tooling+to+detect+and+abort+hanging+transactions
"""

from dataclasses import dataclass

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import CompactArray, CompactString, Int16, Int32, Int64, Schema, TaggedFields

from shared.connecting.brokers import Brokers

TEXT, TAGS = CompactString("utf-8"), ("tags", TaggedFields)


@dataclass(frozen=True, slots=True)
class Owner:
    """Identifies the producer of a transaction; `transactional_id` is set where a broker knows it."""

    producer_id: int
    transactional_id: str | None

    def __str__(self) -> str:
        name = f"transactional id {self.transactional_id[:100]!r}" if self.transactional_id is not None else "an unknown transactional id"
        return f"{name}, producer id {self.producer_id}"


async def owner(brokers: Brokers, topic: str, partition: int, offset: int) -> Owner | None:
    """Returns whose transaction begins there; None when no broker knows of it any more. Raises KafkaError or OSError."""
    client, topic = brokers.client("forewarn-transactions"), brokers.there(topic)
    try:
        await client.bootstrap()
        await client.set_topics([topic])
        leader = client.cluster.leader_for_partition(TopicPartition(topic, partition))
        described = await client.send(leader, DescribeProducers(topic, partition))
        [(_, [(_, error, _, producers, _)], _)] = described.topics
        if error:
            raise KafkaError(f"error {error} for the producers of {topic} {partition}")
        begun = {began: producer_id for producer_id, _, _, _, _, began, _ in producers}
        if offset not in begun:
            return None
        return Owner(begun[offset], await _transactional_id(client, begun[offset]))
    finally:
        await client.close()


async def _transactional_id(client: AIOKafkaClient, producer_id: int) -> str | None:
    """Asks each broker for the transactions that it coordinates, and returns the transactional id of this producer's."""
    for broker in client.cluster.brokers():
        for name, its, _, _ in (await client.send(broker.nodeId, ListTransactions(producer_id))).transactions or ():
            if its == producer_id:
                return str(name)
    return None


class DescribeProducersResponse_v0(Response):  # type: ignore[misc]
    API_KEY, API_VERSION = 61, 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "topics",
            CompactArray(
                ("name", TEXT),
                (
                    "partitions",
                    CompactArray(
                        ("partition_index", Int32),
                        ("error_code", Int16),
                        ("error_message", TEXT),
                        (
                            "active_producers",
                            CompactArray(
                                ("producer_id", Int64),
                                ("producer_epoch", Int32),
                                ("last_sequence", Int32),
                                ("last_timestamp", Int64),
                                ("coordinator_epoch", Int32),
                                ("current_txn_start_offset", Int64),
                                TAGS,
                            ),
                        ),
                        TAGS,
                    ),
                ),
                TAGS,
            ),
        ),
        TAGS,
    )


class DescribeProducersRequest_v0(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION, API_KEY, API_VERSION = True, 61, 0
    RESPONSE_TYPE = DescribeProducersResponse_v0
    SCHEMA = Schema(("topics", CompactArray(("name", TEXT), ("partition_indexes", CompactArray(Int32)), TAGS)), TAGS)


class DescribeProducers(Request[DescribeProducersRequest_v0]):  # type: ignore[misc]
    """Asks who writes to one partition, and where each producer's open transaction begins in it."""

    API_KEY = 61

    def __init__(self, topic: str, partition: int) -> None:
        self._topic, self._partition = topic, partition

    def build(self, request_struct_class: type[DescribeProducersRequest_v0]) -> DescribeProducersRequest_v0:
        return request_struct_class([(self._topic, [self._partition], {})], {})


class ListTransactionsResponse_v0(Response):  # type: ignore[misc]
    API_KEY, API_VERSION = 66, 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        ("unknown_state_filters", CompactArray(TEXT)),
        (
            "transactions",
            CompactArray(("transactional_id", TEXT), ("producer_id", Int64), ("transaction_state", TEXT), TAGS),
        ),
        TAGS,
    )


class ListTransactionsRequest_v0(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION, API_KEY, API_VERSION = True, 66, 0
    RESPONSE_TYPE = ListTransactionsResponse_v0
    SCHEMA = Schema(("state_filters", CompactArray(TEXT)), ("producer_id_filters", CompactArray(Int64)), TAGS)


class ListTransactions(Request[ListTransactionsRequest_v0]):  # type: ignore[misc]
    """Asks for the transactions of one producer that a broker coordinates."""

    API_KEY = 66

    def __init__(self, producer_id: int) -> None:
        self._producer_id = producer_id

    def build(self, request_struct_class: type[ListTransactionsRequest_v0]) -> ListTransactionsRequest_v0:
        return request_struct_class([], [self._producer_id], {})
