"""The tests of logs share a request, in both encodings, as the specification's examples have it."""

import json
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from tests.unit.monitor.sources.writing import STAMP

AT = STAMP * 1_000_000  # nanoseconds


def value(said: Any) -> dict[str, Any]:
    """Returns the AnyValue of a text, a number, true or false, a list or an object."""
    match said:
        case bool():
            return {"boolValue": said}
        case int():
            return {"intValue": str(said)}
        case float():
            return {"doubleValue": said}
        case list():
            return {"arrayValue": {"values": [value(each) for each in said]}}
        case dict():
            return {"kvlistValue": {"values": pairs(said)}}
    return {"stringValue": said}


def pairs(said: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value(each)} for key, each in said.items()]


def record(severity: int = 17, at: int = AT, body: Any = "Example log record", **attributes: Any) -> dict[str, Any]:
    """Returns a record; the attributes' names have `_` for dots."""
    return {
        "timeUnixNano": str(at),
        "observedTimeUnixNano": str(at + 1_000_000),
        "severityNumber": severity,
        "severityText": "Error",
        "traceId": "5B8EFFF798038103D269B633813FC60C",
        "spanId": "EEE19B7EC3C1B174",
        "body": value(body),
        "attributes": pairs({name.replace("_", "."): each for name, each in attributes.items()}),
    }


def request(*records: dict[str, Any], service: str = "checkout") -> dict[str, Any]:
    """Returns a request of one resource and scope."""
    scope = {"scope": {"name": "my.library", "version": "1.0.0"}, "logRecords": list(records)}
    return {"resourceLogs": [{"resource": {"attributes": pairs({"service.name": service})}, "scopeLogs": [scope]}]}


def in_json(said: dict[str, Any]) -> bytes:
    return json.dumps(said).encode()


def in_protobuf(said: dict[str, Any]) -> bytes:
    """Writes the same in Protobuf."""
    message = ExportLogsServiceRequest()
    for of_resource in said["resourceLogs"]:
        resource = message.resource_logs.add()
        _pairs(resource.resource.attributes, of_resource["resource"]["attributes"])
        for of_scope in of_resource["scopeLogs"]:
            scope = resource.scope_logs.add()
            scope.scope.name = of_scope["scope"]["name"]
            for each in of_scope["logRecords"]:
                _record(scope.log_records.add(), each)
    return bytes(message.SerializeToString())


def _record(to: Any, said: dict[str, Any]) -> None:
    to.time_unix_nano, to.observed_time_unix_nano = int(said["timeUnixNano"]), int(said["observedTimeUnixNano"])
    to.severity_number, to.severity_text = said["severityNumber"], said["severityText"]
    to.trace_id, to.span_id = bytes.fromhex(said["traceId"]), bytes.fromhex(said["spanId"])
    to.event_name = said.get("eventName", "")
    _value(to.body, said["body"])
    _pairs(to.attributes, said["attributes"])


def _pairs(to: Any, said: list[dict[str, Any]]) -> None:
    for each in said:
        pair = to.add()
        pair.key = each["key"]
        _value(pair.value, each["value"])


def _value(to: Any, said: dict[str, Any]) -> None:
    [(kind, held)] = said.items()
    match kind:
        case "stringValue":
            to.string_value = held
        case "boolValue":
            to.bool_value = held
        case "intValue":
            to.int_value = int(held)
        case "doubleValue":
            to.double_value = held
        case "arrayValue":
            to.array_value.SetInParent()
            for each in held["values"]:
                _value(to.array_value.values.add(), each)
        case "kvlistValue":
            to.kvlist_value.SetInParent()
            _pairs(to.kvlist_value.values, held["values"])
