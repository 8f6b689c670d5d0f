"""Reads and answers requests for logs in JSON, in which ids are hexadecimal and 64-bit numbers may be texts. Pure.

https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
"""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import msgspec

from services.monitor.sources.otlp.log import Log, Resource, refuse_many

LARGEST = 2**64

Number = int | str | None


class _Said(msgspec.Struct, rename="camel", gc=False):
    """Is a message: null is a field that is not there, and unknown fields are ignored."""


class _AnyValue(_Said):
    string_value: str | None = None
    bool_value: bool | None = None
    int_value: Number = None
    double_value: float | str | None = None
    array_value: "_ArrayValue | None" = None
    kvlist_value: "_KeyValues | None" = None
    bytes_value: str | None = None


class _ArrayValue(_Said):
    values: list[_AnyValue] | None = None


class _KeyValue(_Said):
    key: str = ""
    value: _AnyValue | None = None


class _KeyValues(_Said):
    values: list[_KeyValue] | None = None


class _Resource(_Said):
    attributes: list[_KeyValue] | None = None


class _Scope(_Said):
    name: str | None = None


class _Record(_Said):
    time_unix_nano: Number = None
    observed_time_unix_nano: Number = None
    severity_number: int | None = None
    severity_text: str | None = None
    body: _AnyValue | None = None
    attributes: list[_KeyValue] | None = None
    trace_id: str | None = None
    span_id: str | None = None
    event_name: str | None = None


class _ScopeLogs(_Said):
    scope: _Scope | None = None
    log_records: list[msgspec.Raw] | None = None


class _ResourceLogs(_Said):
    resource: msgspec.Raw = msgspec.Raw(b"null")
    scope_logs: list[_ScopeLogs] | None = None


class _Request(_Said):
    resource_logs: list[_ResourceLogs] | None = None


_request = msgspec.json.Decoder(_Request).decode
_resource = msgspec.json.Decoder(_Resource | None).decode
_record = msgspec.json.Decoder(_Record).decode
_encode = msgspec.json.Encoder().encode


def logs(body: bytes) -> Iterator[Log]:
    """Yields the records. Raises ValueError for what is no request for logs."""
    try:
        request = _request(body)
        refuse_many(request.resource_logs or ())
        for of_resource in request.resource_logs or ():
            refuse_many(of_resource.scope_logs or ())
            said = _resource(of_resource.resource)
            resource = Resource(bytes(of_resource.resource), partial(_attributes, (said and said.attributes) or ()))
            for of_scope in of_resource.scope_logs or ():
                scope = (of_scope.scope and of_scope.scope.name) or ""
                yield from (_log(raw, resource, scope) for raw in of_scope.log_records or ())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not JSON of ExportLogsServiceRequest: {error}") from None


def _log(raw: msgspec.Raw, resource: Resource, scope: str) -> Log:
    record = _record(raw)
    return Log(
        resource,
        scope,
        bytes(raw),
        _unsigned(record.time_unix_nano),
        _unsigned(record.observed_time_unix_nano),
        record.severity_number or 0,
        record.severity_text or "",
        record.event_name or "",
        (record.trace_id or "").lower(),
        (record.span_id or "").lower(),
        partial(_attributes, record.attributes or ()),
        partial(_value, record.body),
    )


def _unsigned(said: Number) -> int:
    """Returns the 64-bit number. Raises ValueError for what is none."""
    if isinstance(said, str) and not (said.isascii() and said.isdigit() and len(said) <= len(str(LARGEST))):
        raise ValueError("not JSON of ExportLogsServiceRequest: a time is not a number of nanoseconds")
    number = int(said or 0)
    if not 0 <= number < LARGEST:
        raise ValueError("not JSON of ExportLogsServiceRequest: a time does not fit 64 bits")
    return number


def _attributes(pairs: Iterable[_KeyValue]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: _AnyValue | None) -> Any:
    match value:
        case None:
            return None
        case _AnyValue(array_value=_ArrayValue() as several):
            return [_value(each) for each in several.values or ()]
        case _AnyValue(kvlist_value=_KeyValues() as pairs):
            return _attributes(pairs.values or ())
        case _AnyValue(int_value=str() as text):
            return int(text) if text.removeprefix("-").isdecimal() and len(text) <= len(str(LARGEST)) else text
    plain = (value.string_value, value.bool_value, value.int_value, value.double_value, value.bytes_value)
    return next((each for each in plain if each is not None), None)


def answer(rejected: int, why: str) -> bytes:
    """Returns the answer to a request of which so many records were rejected."""
    return _encode({"partialSuccess": {"rejectedLogRecords": str(rejected), "errorMessage": why}} if rejected else {})


def status(why: str) -> bytes:
    """Returns a google.rpc.Status."""
    return _encode({"message": why})
