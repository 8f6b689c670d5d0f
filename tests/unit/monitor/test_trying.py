"""The process that tries a draft of rules reads the past from Kafka, says what it found without naming anybody, and ends with monitor."""

import asyncio
import json
from contextlib import aclosing

import pytest
from aiokafka import AIOKafkaProducer

from services.monitor.past.order import Order
from services.monitor.past.trying import COMMAND, run_child
from shared.cloudevents import write_event
from shared.events import Topic
from tests.builders import NOON
from tests.unit.monitor.builders import EAGER
from tests.unit.monitor.test_backtest import outage

ORDER = Order(tried=EAGER, today=EAGER.replace("ratio: 0.05", "ratio: 0.99"), named=["checkout"], since=NOON.timestamp() + 10)


async def test_a_draft_is_tried_in_a_process_of_its_own(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    find(monkeypatch, kafka)
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    for number, event in enumerate(outage(20, 40, 90)):
        stamp = int(NOON.timestamp() * 1000) + number * 50
        await producer.send(Topic.PRODUCT_EVENTS, write_event(event), key=f"c-{number % 20}".encode(), timestamp_ms=stamp)
    await producer.stop()
    async with aclosing(run_child(ORDER)) as saying:
        said = [each async for each in saying if each is not None]
    outcome = said[-1].outcome
    assert outcome is not None, said
    [rule] = outcome["by_rule"]
    assert (rule["rule"], rule["incidents"], rule["customers"], rule["today"]["incidents"]) == ("failing", 1, 12, 0)
    assert outcome["history"]["events"]["read"] == 1600, "what came before is left out"
    assert outcome["tickets"]["precision"] == 0.0
    assert '"c-1"' not in json.dumps(outcome)
    assert (said[0].done, said[0].size) == (1800, 1800)


async def test_it_ends_with_its_standard_input_as_when_monitor_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
    silent = await asyncio.start_server(lambda _, writer: asked.put_nowait(writer), "127.0.0.1", 0)  # a broker that does not answer
    host, port = silent.sockets[0].getsockname()
    find(monkeypatch, f"{host}:{port}")
    child = await asyncio.create_subprocess_exec(*COMMAND, stdin=asyncio.subprocess.PIPE)
    assert child.stdin is not None
    child.stdin.write(ORDER.model_dump_json().encode() + b"\n")
    async with asyncio.timeout(30):
        writer = await asked.get()
        child.stdin.close()
        assert await child.wait() == 1
        writer.close()
        await writer.wait_closed()
    silent.close()


def find(monkeypatch: pytest.MonkeyPatch, kafka: str) -> None:
    """Has a child process find the broker, as one of monitor's does."""
    monkeypatch.setenv("FOREWARN_ENVIRONMENT", "demo")
    monkeypatch.setenv("FOREWARN_KAFKA", kafka)
