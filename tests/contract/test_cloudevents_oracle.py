"""The CloudEvents SDK is the oracle: what we write it reads the same, what it writes we read the same, in both modes."""

import json
import string
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from cloudevents.core.bindings import kafka
from cloudevents.core.bindings.kafka import KafkaMessage
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from deploy.docs.corpus import Example, examples
from shared.cloudevents import FACT_HEADERS, read_event, read_fact, write_event, write_fact
from shared.events import FACT_OF, ProductEvent

NOW = datetime(2026, 11, 25, tzinfo=UTC)
OF_FACTS = [example for example in examples() if example.name != "product.event"]

words = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=30)
offsets = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])
moments = st.builds(datetime.fromtimestamp, st.floats(1e9, NOW.timestamp()), offsets)
numbers = st.integers(-(1 << 53), 1 << 53) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
data = st.dictionaries(texts, st.recursive(st.none() | st.booleans() | numbers | texts, st.lists, max_leaves=5), max_size=4)
names = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=20).filter(
    lambda name: name not in {*ProductEvent.__struct_fields__, "hops", "data", "partitionkey"}
)
attributes = st.fixed_dictionaries(
    {"id": words, "source": words, "type": words, "time": moments, "specversion": st.just("1.0")},
    optional={"subject": words, "datacontenttype": st.sampled_from(["application/json", "application/vnd.shop+json"])},
)


def read(message: KafkaMessage) -> ProductEvent:
    return read_event(message.value, list(message.headers.items()), NOW)


def as_theirs(event: ProductEvent) -> dict[str, Any]:
    known = {name: getattr(event, name) for name in ProductEvent.__struct_fields__ if name not in ("data", "extensions")}
    return {**event.extensions, **{name: held for name, held in known.items() if held is not None}}


class TestWhatTheSdkWrites:
    @given(attributes, st.dictionaries(names, words, max_size=2), data)
    def test_we_read_the_same_in_structured_mode(self, said: dict[str, Any], extensions: dict[str, str], data: dict[str, Any]) -> None:
        event = read(kafka.to_structured_event(CloudEvent({**said, **extensions}, data)))
        assert (as_theirs(event), event.data) == ({**said, **extensions}, data)

    @given(attributes, st.dictionaries(names, words, max_size=2), data)
    def test_we_read_the_same_in_binary_mode(self, said: dict[str, Any], extensions: dict[str, str], data: dict[str, Any]) -> None:
        event = read(kafka.to_binary_event(CloudEvent({**said, **extensions}, data)))
        assert (as_theirs(event), event.data) == ({**said, **extensions}, data)

    @pytest.mark.parametrize("write", [kafka.to_binary_event, kafka.to_structured_event])
    @pytest.mark.parametrize(
        ("content_type", "data"), [("text/plain", "grüße"), ("application/octet-stream", b"\x00\xff"), ("application/json", None)]
    )
    def test_we_read_the_same_when_the_data_is_no_json_object(self, write: Any, content_type: str, data: Any) -> None:
        said = {"id": "1", "source": "/s", "type": "t", "time": NOW, "datacontenttype": content_type}
        assert read(write(CloudEvent(said, data))).data == data


class TestWhatWeWrite:
    @given(attributes, st.dictionaries(names, words, max_size=2), data)
    def test_the_sdk_reads_the_same_of_an_event(self, said: dict[str, Any], extensions: dict[str, str], data: dict[str, Any]) -> None:
        event = ProductEvent(**said, data=data, extensions=extensions)
        theirs = kafka.from_kafka_event(KafkaMessage(dict(FACT_HEADERS), None, write_event(event)))
        assert (theirs.get_attributes(), theirs.get_data()) == ({**said, **extensions}, data)

    @pytest.mark.parametrize("example", OF_FACTS, ids=str)
    def test_the_sdk_reads_the_same_of_a_fact(self, example: Example) -> None:
        fact = read_fact(example.value, example.headers, NOW, FACT_OF)
        assert fact is not None
        theirs = kafka.from_kafka_event(KafkaMessage(dict(FACT_HEADERS), None, write_fact(fact)))
        ours = fact.model_dump(exclude={"data"}, exclude_none=True)
        assert theirs.get_attributes() == ours
        assert theirs.get_data() == json.loads(fact.data.model_dump_json())

    def test_the_sdk_reads_bytes_as_they_were(self) -> None:
        event = ProductEvent("1", "/s", "t", NOW, "1.0", None, b"\x00\xff", "application/octet-stream")
        assert kafka.from_kafka_event(KafkaMessage(dict(FACT_HEADERS), None, write_event(event))).get_data() == b"\x00\xff"
