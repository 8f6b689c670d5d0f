"""Messages of every released version are read for ever, by readers and by schema, and nothing they said is lost.

A file of the corpus is never changed, only added: what it holds is in somebody's topic already.
"""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from deploy.docs.corpus import Example, examples
from shared.cloudevents import FACT_HEADERS, read_event, read_fact, write_event, write_fact
from shared.events import ANY_FACT, FACT_OF, FACTS, Topic
from tests.builders import Arrived

NOW = datetime(2026, 11, 25, tzinfo=UTC)
ALL = list(examples())
OF_FACTS = [example for example in ALL if example.name != "product.event"]
OF_PRODUCTS = [example for example in ALL if example.name == "product.event"]


def keeps(said: Any, read: Any) -> bool:
    """Says whether `read` has all that was said; it may have more, as what was left out has its default now."""
    match said, read:
        case dict(), dict():
            return all(name in read and keeps(held, read[name]) for name, held in said.items())
        case list(), list():
            return len(said) == len(read) and all(map(keeps, said, read))
        case str(), str() if said != read:
            return datetime.fromisoformat(said) == datetime.fromisoformat(read)
    return bool(said == read)


def data_of(example: Example) -> Any:
    return example.said if "ce_id" in example.texts else example.said.get("data", {})


@pytest.mark.parametrize("example", OF_FACTS, ids=str)
class TestAFactOfTheCorpus:
    def test_is_read_and_loses_nothing_it_said(self, example: Example) -> None:
        fact = read_fact(example.value, example.headers, NOW, FACT_OF)
        assert fact is not None
        assert fact.type == f"forewarn.{example.name}.{example.version}"
        assert keeps(data_of(example), fact.model_dump(mode="json")["data"])

    def test_is_the_same_when_written_and_read_again(self, example: Example) -> None:
        fact = read_fact(example.value, example.headers, NOW, FACT_OF)
        assert fact is not None
        assert read_fact(write_fact(fact), FACT_HEADERS, NOW, FACT_OF) == fact
        assert ANY_FACT.validate_json(write_fact(fact)) == fact

    def test_may_say_more_in_a_later_version(self, example: Example) -> None:
        said = json.loads(write_fact(read_fact(example.value, example.headers, NOW, FACT_OF)))  # type: ignore[arg-type]
        later = {**said, "later": "1", "data": {**said["data"], "later": {"nested": [1]}}}
        assert read_fact(json.dumps(later).encode(), FACT_HEADERS, NOW, FACT_OF) == read_fact(json.dumps(said).encode(), (), NOW, FACT_OF)

    def test_has_the_key_its_topic_promises(self, example: Example) -> None:
        fact = read_fact(example.value, example.headers, NOW, FACT_OF)
        assert fact is not None
        assert example.key == fact.subject


@pytest.mark.parametrize("example", OF_PRODUCTS, ids=str)
class TestAProductEventOfTheCorpus:
    def test_is_the_same_when_written_and_read_again(self, example: Example) -> None:
        event = read_event(example.value, example.headers, NOW, Arrived())
        assert read_event(write_event(event), (), NOW) == event

    def test_loses_nothing_it_said(self, example: Example) -> None:
        written = json.loads(write_event(read_event(example.value, example.headers, NOW, Arrived())))
        attributes = {name.removeprefix("ce_"): text for name, text in example.texts.items() if name.startswith("ce_")}
        said = {**attributes, "data": example.said} if attributes else example.said
        assert keeps({name: held for name, held in said.items() if held is not None and name != "data_base64"}, written)


def test_the_corpus_has_every_fact_and_product_events_in_both_modes() -> None:
    released = {fact.model_fields["type"].default for facts in FACTS.values() for fact in facts}
    assert {f"forewarn.{example.name}.{example.version}" for example in OF_FACTS} >= released
    assert {"ce_id" in example.texts for example in OF_PRODUCTS} == {True, False}
    assert {topic for topic in Topic if topic not in FACTS} == {Topic.PRODUCT_EVENTS}
