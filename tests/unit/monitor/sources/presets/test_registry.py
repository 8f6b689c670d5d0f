"""Whatever a record says, each format reads it or refuses it, with the same words every time; nothing is raised that stops a topic."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.monitor.sources.file import Source
from services.monitor.sources.presets.registry import PRESETS
from services.monitor.sources.reading import Reader
from shared.cloudevents import Undecodable
from shared.mapping.turning import Ready
from tests.unit.monitor.sources.writing import NOW, Written

NAMES = st.sampled_from(
    [
        *("schema", "payload", "op", "before", "after", "source", "ts_ms", "connector", "lsn", "txId", "id"),
        *("type", "messageId", "userId", "anonymousId", "timestamp", "originalTimestamp", "sentAt", "receivedAt", "properties"),
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.sampled_from(["r", "postgresql", "track", '{"id": 1}', "[", "2026-11-26T12:00:00Z", "0001-01-01T00:00:00+14:00"]),
)
SAID = st.recursive(SCALARS, lambda held: st.dictionaries(NAMES, held, max_size=6) | st.lists(held, max_size=2), max_leaves=20)
RECORDS = SAID.map(lambda said: json.dumps(said).encode()) | st.binary(max_size=20)
EVENT = {"type": "com.example.x", "subject": ["{after.id}", "{userId}", "{payload.id}"], "data": {"all": "{after}", "one": "{payload}"}}


def outcome(reader: Reader, record: Written) -> Any:
    try:
        return [each.value if isinstance(each, Ready) else each for each in reader.events(record, NOW)]
    except Undecodable as error:
        return str(error)


@pytest.mark.parametrize("name", PRESETS)
@given(value=RECORDS, key=st.none() | RECORDS, header=st.binary(max_size=4))
def test_whatever_a_record_says_it_is_read_or_refused_and_alike_every_time(
    name: str, value: bytes, key: bytes | None, header: bytes
) -> None:
    said: dict[str, Any] = {"topic": "shop.orders", "format": name} | ({} if PRESETS[name].events else {"events": [EVENT]})
    record = Written(value, key=key, headers=[("id", header)])
    first = outcome(Reader(Source.model_validate(said)), record)
    assert outcome(Reader(Source.model_validate(said)), record) == first
