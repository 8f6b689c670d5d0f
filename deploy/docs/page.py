"""Makes the page for those who write or read the topics: each topic, its messages, their fields, and an example of each."""

import json
from collections.abc import Iterator

from deploy.docs.corpus import Example, examples
from deploy.docs.remarks import remarks
from deploy.docs.schemas import PRODUCT_EVENT, Schema, fact_schema, file_of, schemas, summary, type_of
from deploy.docs.topics import FLOWS, Flow
from shared.cloudevents import Reason
from shared.events import FACTS, NOT_SAID_YET, Fact, ProductEvent, Topic
from shared.events.lines import CUT_TO

HEAD = """\
<!-- Made by `make docs` from shared/events, shared/cloudevents.py and tests/contract/corpus. Change those. -->
# Events

What Forewarn's services, and the systems around them, say to each other on Kafka. Every message is a
[CloudEvent 1.0](https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md). For machines there are
[JSON Schemas](schemas/) and an [AsyncAPI document](asyncapi.json).

## How to write one

**Structured**: the value is one JSON object, attributes and data. No header is needed:

```sh
kafka-console-producer.sh --bootstrap-server localhost:9092 --topic product.events.v1 \\
  --reader-property parse.key=true --reader-property key.separator='|' <<'EOF'
{key}|{line}
EOF
```

**Binary**: the attributes are headers named `ce_<attribute>`, the value is the data, and its content type is the header `content-type`:

| header or value | |
|---|---|
{binary}

- `source` and `id` together are an event's identity: the same pair again counts once. Facts of ours derive their id from what they are.
- `time` has an offset and decides windows: between the year 2000 and a day ahead of now. Without one, the record's own timestamp in
  Kafka counts (as the producer or the broker set it), or over HTTP the arrival; `forewarn_untimed_events_total` says how many.
- Data without a content type is JSON.
- `subject` of a product event is the customer's id. Leave it out when a machine spoke.
- The **key** of a message decides its order: use the one the topic's section names, and Kafka's default partitioner
  (librdkafka: `partitioner=murmur2_random`). A product event with another key, with none, or by another partitioner counts where its
  customer's others do, but costs more ([operations](operations.md)).
- Fields we do not know are ignored, attributes we do not know are kept, types we do not know are counted and skipped. So may you.
- `null` means that a field is not given: it gets its default.
- Where the fields below list words, a later version may know more. A fact with a word we do not know is skipped like one of an unknown
  type (`forewarn_unknown_type_records_total`); where the word stands in an item of a list (a customer of an impact), only that item is
  left out (`forewarn_unknown_items_total`).
- On `customers.v1`, which is compacted, a null value deletes its key: the customer's entry goes, as if it had never been there, and a later
  update brings it back. It is no erasure; what was erased stays erased.
- "(first 200)" behind a type is how much is kept. Text that people read on one line (names, titles, subjects) is cut there and ends
  with "…", and its line breaks become spaces; of a list the rest is left. Nothing is refused for that (`x-cut-to` in the schemas).
- Identifying attributes (`id`, `source`, `type`, `subject`) have at most 255 characters, none of them a control character;
  in `customers.v1` the customer's id has at most 512 octets as UTF-8 too. An id is never cut: one that is too long is refused.
- A message has at most 1 MiB, and U+0000 nowhere. Half of a surrogate pair (`"\\ud800"`) becomes U+FFFD.
- Facts are read strictly: `"12"` is not a number, and a number is not a time. Only a support request is read whatever its data is.

Over HTTP (`POST /v1/events`) the attributes of binary mode are headers named `ce-<attribute>`, percent-encoded as the
[HTTP binding](https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md#3132-http-header-values) says;
a value in double quotes is read too. A batch (a JSON array) has at most 1,000 events and is accepted whole or not at all; a refusal
names the first 20 events that cannot be read, and counts all.

## What happens to what cannot be read

It goes to `<topic>.dlq` as it came (in a flood, or when it is too large, as a pointer to where it stands), with its reason in the
header `forewarn-reason`; `forewarn dlq list` shows it.

| reason | meaning |
|---|---|
"""


def page() -> str:
    return "\n".join([*_head(), *_topics(), *_envelope(), *(line for topic, flow in FLOWS.items() for line in _topic(topic, flow))]) + "\n"


def _head() -> list[str]:
    structured, binary, *_ = [example for example in examples("v1") if example.name == "product.event"]
    headers = [f"| `{name}` | `{text}` |" for name, text in binary.texts.items()] + [f"| value | `{json.dumps(binary.said)}` |"]
    text = HEAD.replace("{key}", structured.key).replace("{line}", json.dumps(structured.said)).replace("{binary}", "\n".join(headers))
    said = remarks(Reason)
    return [text.rstrip("\n"), *(f"| `{reason}` | {said[reason.name]} |" for reason in Reason), ""]


def _topics() -> list[str]:
    rows = [
        f"| [`{topic}`](#{_anchor(flow.title)}) | {_key(topic)} | {flow.written_by} | {', '.join(flow.read_by) or 'whoever likes'} |"
        for topic, flow in FLOWS.items()
    ]
    return ["## Topics", "", "| topic | key | written by | read by |", "|---|---|---|---|", *rows, ""]


def _envelope() -> list[str]:
    schema = fact_schema(Fact)
    return ["## Every fact", "", f"{schema['description']} What is particular to a fact is its `data`.", "", *_fields(schema, schema)]


def _topic(topic: Topic, flow: Flow) -> Iterator[str]:
    yield from (f"## {flow.title}", "", f"`{topic}`. {flow.carries}", "", f"Key: {_key(topic)}.", "")
    if topic is Topic.PRODUCT_EVENTS:
        schema = schemas()[PRODUCT_EVENT]
        yield from (summary(ProductEvent), "", *_fields(schema, schema), *_examples("product.event", every=True))
    for fact in FACTS.get(topic, ()):
        yield from _fact(fact)


def _fact(fact: type[Fact]) -> Iterator[str]:
    schema = schemas()[file_of(fact)]
    yield from (f"### {type_of(fact)}", "", schema["description"], "")
    if fact in NOT_SAID_YET:
        yield from ("*Not said yet: no service of this version writes it.*", "")
    yield from _fields(schema["$defs"]["Data"], schema)
    yield from _examples(type_of(fact).removeprefix("forewarn.").removesuffix(".v1"))


def _fields(of: Schema, root: Schema) -> list[str]:
    rows = [f"| `{name}` | {kind} | {'yes' if needed else ''} | {said} |" for name, kind, needed, said in _rows(of, root)]
    return ["| field | type | required | |", "|---|---|---|---|", *rows, ""] if rows else []


def _rows(of: Schema, root: Schema, prefix: str = "") -> Iterator[tuple[str, str, bool, str]]:
    for name, field in of["properties"].items():
        yield prefix + name, _kind(field, root), name in of.get("required", ()), field.get("description", "")
        if "properties" in (inner := _resolved(field.get("items", {}), root)):
            yield from _rows(inner, root, f"{prefix}{name}[].")


def _kind(field: Schema, root: Schema) -> str:
    kind = _type(field, root)
    return f"{kind} (first {field[CUT_TO]})" if CUT_TO in field else kind


def _type(field: Schema, root: Schema) -> str:
    match _resolved(field, root):
        case {"const": value}:
            kind = f"`{value}`"
        case {"enum": values}:
            kind = ", ".join(f"`{value}`" for value in values)
        case {"anyOf": [of, {"type": "null"}]}:
            kind = f"{_kind(of, root)} or null"
        case {"prefixItems": places}:
            kind = f"[{', '.join(_kind(place, root) for place in places)}]"
        case {"type": "array", "items": items}:
            kind = f"list of {_kind(items, root)}"
        case {"format": kind} | {"type": kind}:
            pass
        case _:
            kind = "anything"
    return kind


def _resolved(field: Schema, root: Schema) -> Schema:
    return root["$defs"][field["$ref"].rpartition("/")[2]] if "$ref" in field else field


def _examples(name: str, *, every: bool = False) -> Iterator[str]:
    found = [example for example in examples("v1") if example.name == name]
    for example in found if every else found[:1]:
        yield from (f"{example.about.capitalize()}, key `{example.key}`:", "", "```json", _shown(example), "```", "")


def _shown(example: Example) -> str:
    headers = {name: text for name, text in example.texts.items() if name.startswith("ce_")}
    return json.dumps({"headers": example.texts, "value": example.said} if headers else example.said, indent=2, ensure_ascii=False)


def _key(topic: Topic) -> str:
    return remarks(Topic)[topic.name].removeprefix("key: ")


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")
