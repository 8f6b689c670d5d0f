"""`forewarn sources try` says what a mapping makes of the latest records, what it leaves out, and what fits nothing and why."""

import json
from pathlib import Path
from textwrap import dedent

import pytest
from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner, Result

from deploy.local.cli import app
from deploy.local.sources import try_on
from shared.connecting.brokers import Brokers
from tests.unit.monitor.sources.writing import ORDERS, order

LINES = [
    json.dumps(order(1, "c-17")),
    "",
    json.dumps(order(2, "c-18", "CREATED")),
    json.dumps(order(3, "c-18") | {"ts": "soon\x1b[2J"}),
    "nonsense",
]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "sources.yml").write_text(dedent(ORDERS))
    return folder


def forewarn(*args: str) -> Result:
    return CliRunner().invoke(app, ["sources", "try", *args])


def test_the_lines_of_a_file_are_tried_without_any_broker(tmp_path: Path, config: Path) -> None:
    file = tmp_path / "orders.jsonl"
    file.write_text("\n".join(LINES))
    result = forewarn(str(file), "--source", "shop.orders", "--config", str(config))
    assert result.exit_code == 0, result.output
    first, *rest = result.output.splitlines()
    assert first == "4 records: 1 mapped, 1 left out, 2 refused"
    assert rest[0] == "  1 com.example.request"
    assert json.loads(rest[1])["subject"] == "c-17"
    assert rest[2:] == [
        "  1 refused: no_time",
        r"    partition 0 offset 4: {ts}: 'soon\x1b[2J' fits no format",
        "  1 refused: not_json",
        "    partition 0 offset 5: malformed",
    ]


def test_only_the_latest_are_tried(tmp_path: Path, config: Path) -> None:
    file = tmp_path / "orders.jsonl"
    file.write_text("\n".join(json.dumps(order(number, "c-1")) for number in range(20)))
    result = forewarn(str(file), "--config", str(config), "--last", "5")  # of the only source that there is
    assert result.output.startswith("5 records: 5 mapped, 0 left out, 0 refused\n  5 com.example.request\n")
    assert '"o-15:' in result.output


def test_a_format_is_tried_like_a_mapping(tmp_path: Path, config: Path) -> None:
    (config / "sources.yml").write_text("sources: [{topic: tracking, format: segment}]")
    file = tmp_path / "calls.jsonl"
    calls = [{"type": "track", "userId": "c-17", "event": "Paid"}, {"type": "page", "anonymousId": "a-1"}, {"type": "batch"}]
    file.write_text("\n".join(json.dumps({"messageId": str(number), **call}) for number, call in enumerate(calls)))
    result = forewarn(str(file), "--source", "tracking", "--config", str(config))
    assert result.output.startswith("3 records: 2 mapped, 1 left out, 0 refused\n  1 com.segment.track\n  1 com.segment.page\n")


async def test_the_latest_records_of_a_topic_are_tried(kafka: str, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    for line in LINES:
        await producer.send_and_wait("shop.orders", line.encode(), key=b"1")
    await producer.stop()
    assert await try_on(Brokers(kafka, prefix="acme."), config, "shop.orders", 500) == 0
    assert capsys.readouterr().out.startswith("5 records: 1 mapped, 1 left out, 3 refused\n")  # an empty value is no order


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (["shop.order"], "has no source of the topic shop.order; it has shop.orders"),
        (["nowhere.jsonl", "--source", "crm.people"], "has no source of the topic crm.people"),
    ],
)
def test_a_topic_without_a_source_is_said_so(config: Path, what: list[str], said: str) -> None:
    result = forewarn(*what, "--config", str(config))
    assert result.exit_code == 1
    assert said in result.output


def test_of_several_sources_a_file_is_tried_by_the_one_that_is_named(tmp_path: Path, config: Path) -> None:
    (config / "sources.yml").write_text("sources: [{topic: tracking, format: segment}, {topic: clicks, format: segment}]")
    file = tmp_path / "calls.jsonl"
    file.write_text(json.dumps({"messageId": "1", "type": "track", "userId": "c-17", "event": "Paid"}))
    result = forewarn(str(file), "--config", str(config))
    assert result.exit_code == 1
    assert "it has clicks, tracking; say by --source whose records the file has" in result.output
    result = forewarn(str(file), "--source", "clicks", "--config", str(config))
    assert result.output.startswith("1 records: 1 mapped, 0 left out, 0 refused\n")


def test_mistakes_in_the_file_are_said_with_their_lines(config: Path) -> None:
    (config / "sources.yml").write_text("sources:\n- {topic: shop.orders}\n")
    result = forewarn("shop.orders", "--config", str(config))
    assert result.exit_code == 1
    assert "sources.yml:2: " in result.output
