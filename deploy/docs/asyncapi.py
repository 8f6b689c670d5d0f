"""Makes the AsyncAPI 3.0 document: every topic as a channel, every fact as a message, and the dead letters beside them.

https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

from typing import Any

from deploy.docs.remarks import remarks
from deploy.docs.schemas import PRODUCT_EVENT, file_of, summary, type_of
from deploy.docs.topics import FLOWS, Flow
from deploy.services import NAMES
from shared.cloudevents import MAX_BYTES, Reason
from shared.events import FACTS, Fact, ProductEvent, Topic
from shared.streaming.dead_letters import Form

Node = dict[str, Any]

CONTENT_TYPE = "application/cloudevents+json"
CONTRACT = "1.0.0"  # the version of this document: v1 on every topic


def document() -> Node:
    channels = {topic.value: _channel(topic, flow) for topic, flow in FLOWS.items()}
    letters = {f"{topic}.dlq": _dead_letters(topic) for topic in FLOWS}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Forewarn",
            "version": CONTRACT,
            "description": "What the three services and the systems around them say to each other on Kafka: CloudEvents 1.0. "
            f"Binary and structured mode are both read, up to {MAX_BYTES} bytes; structured JSON is written. "
            "A reader ignores fields it does not know, and counts and skips types it does not know.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": channels | letters,
        "operations": dict(_operations()),
        "components": {
            "messages": {"product.event": _product_event(), **{type_of(f): _message(f) for f in _facts()}, "dead.letter": _dead_letter()}
        },
    }


def _facts() -> list[type[Fact]]:
    return [fact for facts in FACTS.values() for fact in facts]


def _names(topic: Topic) -> list[str]:
    return [type_of(fact) for fact in FACTS.get(topic, ())] or ["product.event"]


def _channel(topic: Topic, flow: Flow) -> Node:
    return {
        "address": topic.value,
        "title": flow.title,
        "description": f"{flow.carries} {remarks(Topic)[topic.name].capitalize()}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _names(topic)},
        "bindings": {"kafka": {"topic": topic.value, "bindingVersion": "0.5.0"}},
    }


def _dead_letters(topic: Topic) -> Node:
    return {
        "address": f"{topic}.dlq",
        "title": f"Dead letters of {topic}",
        "description": "What no retry will mend: key, value and headers as they came, and ours beside them.",
        "messages": {"dead.letter": {"$ref": "#/components/messages/dead.letter"}},
        "bindings": {"kafka": {"topic": f"{topic}.dlq", "bindingVersion": "0.5.0"}},
    }


def _operations() -> list[tuple[str, Node]]:
    sends = [(service, "send", topic) for service in NAMES for topic, flow in FLOWS.items() if flow.written_by == service]
    receives = [(service, "receive", topic) for service in NAMES for topic, flow in FLOWS.items() if service in flow.read_by]
    letters = [(service, "send", f"{topic}.dlq") for service, _, topic in receives]
    return [
        (f"{service}.{action}.{channel}", _operation(service, action, channel))
        for service, action, channel in [*sends, *receives, *letters]
    ]


def _operation(service: str, action: str, channel: str) -> Node:
    """Makes one operation; its tag names the service, since one document describes several."""
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "tags": [{"name": service}]}


def _message(fact: type[Fact]) -> Node:
    return {
        "name": type_of(fact),
        "title": fact.__name__,
        "summary": summary(fact),
        "contentType": CONTENT_TYPE,
        "payload": {"$ref": f"./schemas/{file_of(fact)}"},
    }


def _product_event() -> Node:
    return {
        "name": "product.event",
        "title": "ProductEvent",
        "summary": summary(ProductEvent),
        "contentType": CONTENT_TYPE,
        "payload": {"$ref": f"./schemas/{PRODUCT_EVENT}"},
    }


def _dead_letter() -> Node:
    said, kept = remarks(Reason), remarks(Form)
    return {
        "name": "dead.letter",
        "title": "DeadLetter",
        "summary": "A message that could not be read or handled, with the reason in its headers.",
        "headers": {
            "type": "object",
            "properties": {
                "forewarn-reason": {
                    "type": "string",
                    "enum": [reason.value for reason in Reason],
                    "description": "; ".join(f"{reason}: {said[reason.name]}" for reason in Reason),
                },
                "forewarn-detail": {"type": "string", "description": "which field, never what it holds"},
                "forewarn-error": {"type": "string", "description": "the error's class"},
                "forewarn-attempts": {"type": "string", "description": "how often it was tried"},
                "forewarn-stream": {"type": "string", "description": "which reader put it aside"},
                "forewarn-topic": {"type": "string"},
                "forewarn-partition": {"type": "string"},
                "forewarn-offset": {"type": "string"},
                "forewarn-first-seen": {"type": "string", "format": "date-time"},
                "forewarn-form": {
                    "type": "string",
                    "enum": [form.value for form in Form],
                    "description": "; ".join(f"{form}: {kept[form.name]}" for form in Form),
                },
                "forewarn-size": {"type": "string", "description": "bytes of the record's value"},
                "forewarn-sha256": {"type": "string", "description": "of the record's value, in hexadecimal"},
            },
        },
    }
