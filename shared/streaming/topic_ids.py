"""Asks a broker for the id of a topic (KIP-516): a topic that is deleted and made anew, or is on another cluster, has another id.

The client library asks for no ids, so the request is here: Metadata in version 12, of brokers since Kafka 3.0.
"""

from io import BytesIO
from uuid import UUID

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import AbstractType, Boolean, CompactArray, CompactString, Int16, Int32, Schema, TaggedFields

from shared.connecting.brokers import Brokers

NONE = UUID(int=0)


class _Id(AbstractType[UUID]):  # type: ignore[misc]
    """Reads and writes 16 bytes as they are."""

    @classmethod
    def encode(cls, value: UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> UUID:
        return UUID(bytes=data.read(16))


class _Metadata(Response):  # type: ignore[misc]
    """Is the answer as far as the id of the first topic; what stands behind it is not read."""

    API_KEY = 3
    API_VERSION = 12
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(("node_id", Int32), ("host", CompactString()), ("port", Int32), ("rack", CompactString()), ("tags", TaggedFields)),
        ),
        ("cluster_id", CompactString()),
        ("controller_id", Int32),
        ("topics", CompactArray(("error_code", Int16), ("name", CompactString()), ("id", _Id))),
    )


class _MetadataRequest12(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY = 3
    API_VERSION = 12
    RESPONSE_TYPE = _Metadata
    SCHEMA = Schema(
        ("topics", CompactArray(("id", _Id), ("name", CompactString()), ("tags", TaggedFields))),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _MetadataRequest(Request[_MetadataRequest12]):  # type: ignore[misc]
    """Asks about one topic, by its name."""

    API_KEY = 3

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def build(self, request_struct_class: type[_MetadataRequest12]) -> _MetadataRequest12:
        return request_struct_class([(NONE, self._topic, {})], False, False, {})


async def topic_id(brokers: Brokers, topic: str) -> str | None:
    """Returns the id of the topic that the brokers call so; None where there is no such topic, or the brokers know no ids.

    Raises KafkaError when no broker answers.
    """
    connection = await brokers.connection("forewarn-topics")
    try:
        answer = await connection.send(_MetadataRequest(topic))
    except NotImplementedError:  # the broker speaks no version that has ids
        return None
    finally:
        connection.close()
    [(_, _, found)] = answer.topics
    return str(found) if found != NONE else None
