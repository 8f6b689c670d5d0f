"""What sources.yml may not say is a mistake with its line."""

from pathlib import Path

import pytest

from services.monitor.sources.file import SourcesFile
from shared.configuration.files import ConfigError, load
from tests.unit.monitor.sources.writing import ORDERS, sources

SHIPPED = Path(__file__).parents[4] / "deploy" / "config" / "sources.yml"
EVENT = "events: [{type: com.example.x}]"


def test_nothing_is_connected_as_shipped() -> None:
    assert load(SHIPPED, SourcesFile).sources == []


@pytest.mark.parametrize(
    ("said", "line", "why"),
    [
        (f"- {{topic: product.events.v1, {EVENT}}}", 2, "Forewarn's own"),
        (f"- {{topic: shop.orders.dlq, {EVENT}}}", 2, "Forewarn's own"),
        (f"- {{topic: shop orders, {EVENT}}}", 2, "no name of a Kafka topic"),
        (f"- {{topic: .., {EVENT}}}", 2, "no name of a Kafka topic"),
        ("- {topic: shop.orders, events: []}", 2, "at least 1"),
        ("- {topic: shop.orders, events: [{type: forewarn.incident.opened.v1}]}", 2, "Forewarn's own to say"),
        ("- {topic: shop.orders, events: [{type: forewarn.customer.updated.v1}]}", 2, "say the subject"),
        ("- {topic: shop.orders, events: [{type: a}, {type: b}]}", 2, "an id of its own"),
        (f"- {{topic: shop.orders, {EVENT}}}\n- {{topic: shop.orders, {EVENT}}}", 1, "two sources read the same topic"),
        ('- {topic: shop.orders, events: [{type: a, subject: "{kafka.keys}"}]}', 2, "kafka.keys: a record has kafka.entry, kafka.key"),
        ('- {topic: shop.orders, events: [{type: a, subject: "{each.id}"}]}', 2, "only where `each` says"),
        ('- {topic: shop.orders, events: [{type: a, once: "{x}"}]}', 2, "once: a topic is read again"),
        (f"- {{topic: shop.orders, format: avro, {EVENT}}}", 2, "'avro' is no format; there is json, debezium, debezium-outbox, segment"),
        ("- {topic: shop.orders}", 2, "events: say what a record becomes; the format json does not"),
        ("- {topic: shop.orders, format: debezium}", 2, "events: say what a record becomes; the format debezium does not"),
        ("- {topic: shop.orders, format: segment, events: [{type: a}, {type: b}]}", 2, "an id of its own"),
    ],
)
def test_a_mistake_is_said_with_its_line(tmp_path: Path, said: str, line: int, why: str) -> None:
    file = tmp_path / "sources.yml"
    file.write_text(f"sources:\n{said}\n")
    with pytest.raises(ConfigError, match=rf"sources\.yml:{line}: .*{why}"):
        load(file, SourcesFile)


def test_a_shop_is_connected_by_twenty_lines_at_most(tmp_path: Path) -> None:
    assert [each.topic for each in sources(tmp_path).sources] == ["shop.orders"]
    assert len(ORDERS.strip().splitlines()) <= 20
