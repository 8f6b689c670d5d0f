"""The generated documents are those of the code, and they are true: schemas that accept the corpus, references that lead somewhere."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from aiokafka import ConsumerRecord
from jsonschema import Draft202012Validator

from deploy.docs import FOLDER, documents
from deploy.docs.asyncapi import document
from deploy.docs.corpus import Example, examples
from deploy.docs.schemas import PRODUCT_EVENT, schemas
from deploy.docs.topics import FLOWS
from shared.cloudevents import Reason, Undecodable, read_event, read_fact
from shared.events import FACT_OF, Topic
from shared.streaming.dead_letters import DeadLetter
from tests.builders import Arrived

BESIDE = ("asyncapi.json", "events.md", "configuration.md", "measures.md")  # the schemas
NOW = datetime(2026, 11, 25, tzinfo=UTC)
SCHEMAS = schemas()
STRUCTURED = [example for example in examples() if "ce_id" not in example.texts]


def accepts(schema: dict[str, Any], said: Any) -> bool:
    return Draft202012Validator(schema).is_valid(said)


def schema_of(example: Example) -> dict[str, Any]:
    return SCHEMAS[PRODUCT_EVENT if example.name == "product.event" else f"forewarn.{example.name}.{example.version}.json"]


def references(node: Any) -> Iterator[str]:
    match node:
        case {"$ref": str(where)}:
            yield where
        case dict():
            yield from (found for inner in node.values() for found in references(inner))
        case list():
            yield from (found for inner in node for found in references(inner))


def resolved(node: Any, where: str) -> Any:
    for name in where.removeprefix("#/").split("/"):
        node = node[name]
    return node


class TestTheDocuments:
    def test_are_those_of_the_code_otherwise_make_docs(self) -> None:
        committed = {path: path.read_text() for path in [*FOLDER.glob("schemas/*.json"), *(FOLDER / name for name in BESIDE)]}
        assert committed == documents(), "run `make docs` and commit what it made"

    @pytest.mark.parametrize("name", [name for name in BESIDE if name.endswith(".md")])
    def test_have_no_link_that_leads_nowhere(self, name: str) -> None:
        page = (FOLDER / name).read_text()
        headings = {heading.lower().replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", page, re.MULTILINE)}
        links = [link for link in re.findall(r"\]\(([^)]+)\)", page) if not link.startswith("https://")]
        assert links
        assert all(link[1:] in headings if link.startswith("#") else (FOLDER / link).exists() for link in links)


class TestASchema:
    @pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS.keys())
    def test_is_one(self, schema: dict[str, Any]) -> None:
        Draft202012Validator.check_schema(schema)
        for where in references(schema):
            resolved(schema, where)

    @pytest.mark.parametrize("example", STRUCTURED, ids=str)
    def test_accepts_the_corpus(self, example: Example) -> None:
        assert accepts(schema_of(example), example.said)

    @pytest.mark.parametrize("example", STRUCTURED, ids=str)
    def test_accepts_only_what_the_reader_reads(self, example: Example) -> None:
        others: list[Any] = ["", 7, [], True, None]
        for name, other in product(["id", "source", "type", "specversion", "subject", "hops", "data"], others):
            said = {**example.said, name: other}
            if accepts(schema_of(example), said):
                value = json.dumps(said).encode()
                of_product = example.name == "product.event"
                assert read_event(value, (), NOW, Arrived()) if of_product else read_fact(value, (), NOW, FACT_OF, Arrived())

    @pytest.mark.parametrize("example", STRUCTURED, ids=str)
    def test_refuses_what_lacks_a_required_attribute_as_the_reader_does(self, example: Example) -> None:
        for name in schema_of(example)["required"]:
            said = {held: value for held, value in example.said.items() if held != name}
            assert not accepts(schema_of(example), said)
            with pytest.raises(Undecodable):
                read_fact(json.dumps(said).encode(), (), NOW, FACT_OF)


class TestTheAsyncApiDocument:
    def test_has_every_topic_and_its_dead_letters(self) -> None:
        addresses = {channel["address"] for channel in document()["channels"].values()}
        assert addresses == {*Topic, *(f"{topic}.dlq" for topic in Topic)}
        assert FLOWS.keys() == set(Topic)

    def test_has_every_message_with_a_schema_that_is_there(self) -> None:
        messages = document()["components"]["messages"]
        assert messages.keys() == {*FACT_OF, "product.event", "dead.letter"}
        payloads = {message["payload"]["$ref"] for message in messages.values() if "payload" in message}
        assert payloads == {f"./schemas/{name}" for name in schemas()}

    def test_has_no_reference_that_leads_nowhere(self) -> None:
        for where in references(document()):
            if where.startswith("#/"):
                resolved(document(), where)
            else:
                assert (FOLDER / where).exists()

    def test_has_what_version_3_requires(self) -> None:
        whole = document()
        assert (whole["asyncapi"], whole["info"].keys() >= {"title", "version"}) == ("3.0.0", True)
        assert all(operation.keys() >= {"action", "channel"} for operation in whole["operations"].values())
        assert {operation["action"] for operation in whole["operations"].values()} == {"send", "receive"}

    def test_names_the_headers_a_dead_letter_has(self) -> None:
        record = ConsumerRecord("customers.v1", 3, 7, 1_795_514_400_000, 0, b"c-17", None, None, 4, -1, [("theirs", b"1")])
        letter = DeadLetter(record, Reason.EMPTY, "no value").message("directory")
        headers = document()["components"]["messages"]["dead.letter"]["headers"]["properties"]
        assert [name for name, _ in letter.headers if name != "theirs"] == list(headers)
        assert headers["forewarn-reason"]["enum"] == [reason.value for reason in Reason]
