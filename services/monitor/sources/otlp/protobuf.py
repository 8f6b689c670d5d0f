"""Reads and answers requests for logs in Protobuf. Pure.

https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/logs/v1/logs.proto
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse

from services.monitor.sources.otlp.log import Log, Resource, refuse_many


def logs(body: bytes) -> Iterator[Log]:
    """Yields the records. Raises ValueError for what is no request for logs."""
    try:
        request = ExportLogsServiceRequest.FromString(body)
    except DecodeError:
        raise ValueError("not Protobuf of ExportLogsServiceRequest") from None
    refuse_many(request.resource_logs)
    for of_resource in request.resource_logs:
        refuse_many(of_resource.scope_logs)
        said = of_resource.resource
        resource = Resource(said.SerializeToString(deterministic=True), partial(_attributes, said.attributes))
        for of_scope in of_resource.scope_logs:
            for record in of_scope.log_records:
                yield _log(record, resource, of_scope.scope.name)


def _log(record: Any, resource: Resource, scope: str) -> Log:
    return Log(
        resource,
        scope,
        record.SerializeToString(deterministic=True),
        record.time_unix_nano,
        record.observed_time_unix_nano,
        record.severity_number,
        record.severity_text,
        record.event_name,
        record.trace_id.hex(),
        record.span_id.hex(),
        partial(_attributes, record.attributes),
        partial(_value, record.body),
    )


def _attributes(pairs: Iterable[Any]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: Any) -> Any:
    match kind := value.WhichOneof("value"):
        case None:
            return None
        case "array_value":
            return [_value(each) for each in value.array_value.values]
        case "kvlist_value":
            return _attributes(value.kvlist_value.values)
        case "bytes_value":
            return b64encode(value.bytes_value).decode()
    return getattr(value, kind)


def answer(rejected: int, why: str) -> bytes:
    """Returns the answer to a request of which so many records were rejected."""
    response = ExportLogsServiceResponse()
    if rejected:
        response.partial_success.rejected_log_records = rejected
        response.partial_success.error_message = why
    return bytes(response.SerializeToString())


def status(why: str) -> bytes:
    """Returns a google.rpc.Status, whose second field is the message."""
    text = why.encode()
    return b"\x12" + _varint(len(text)) + text


def _varint(number: int) -> bytes:
    digits = []
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*digits, number])
