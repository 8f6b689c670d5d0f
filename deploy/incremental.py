"""Sends IncrementalAlterConfigs, which sets single settings of a topic and leaves the others; aiokafka's request replaces all of them.

https://cwiki.apache.org/confluence/display/KAFKA/KIP-339%3A+Create+a+new+IncrementalAlterConfigs+API
"""

from collections.abc import Mapping

from aiokafka.admin.config_resource import ConfigResourceType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Int8, Int16, Int32, Schema, String

TEXT = String("utf-8")
SET = 0  # of KIP-339's operations; the others delete, append and subtract


class IncrementalAlterConfigsResponse_v0(Response):  # type: ignore[misc]
    API_KEY, API_VERSION = 44, 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("responses", Array(("error_code", Int16), ("error_message", TEXT), ("resource_type", Int8), ("resource_name", TEXT))),
    )


class IncrementalAlterConfigsRequest_v0(RequestStruct):  # type: ignore[misc]
    API_KEY, API_VERSION = 44, 0
    RESPONSE_TYPE = IncrementalAlterConfigsResponse_v0
    SCHEMA = Schema(
        (
            "resources",
            Array(
                ("resource_type", Int8),
                ("resource_name", TEXT),
                ("configs", Array(("name", TEXT), ("config_operation", Int8), ("value", TEXT))),
            ),
        ),
        ("validate_only", Boolean),
    )


class SetTopicConfigs(Request[IncrementalAlterConfigsRequest_v0]):  # type: ignore[misc]
    """Sets these settings of these topics."""

    API_KEY = 44

    def __init__(self, wanted: Mapping[str, Mapping[str, str]]) -> None:
        """Takes the settings by topic as `wanted`."""
        self._wanted = wanted

    def build(self, request_struct_class: type[IncrementalAlterConfigsRequest_v0]) -> IncrementalAlterConfigsRequest_v0:
        topics = [
            (ConfigResourceType.TOPIC, topic, [(name, SET, value) for name, value in its.items()]) for topic, its in self._wanted.items()
        ]
        return request_struct_class(topics, False)
