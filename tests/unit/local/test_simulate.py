"""`forewarn simulate` plays a product to any Kafka: the directory first, then its events, for as long as it was asked to."""

import pytest

from deploy.local.simulate import Load, simulate_on
from deploy.simulator.faults import Outage
from shared.connecting.brokers import Brokers
from shared.events import Topic
from tests.unit.simulator.test_play import everything


async def test_it_tells_the_customers_then_plays_for_the_seconds_it_was_given(kafka: str, capsys: pytest.CaptureFixture[str]) -> None:
    load = Load(rate=200, customers=50, seconds=1.0, outage=Outage("checkout", customers=0.2, start=0, end=1))
    assert await simulate_on(Brokers(kafka), load) == 0
    assert len(await everything(kafka, Topic.CUSTOMERS, 50)) == 50
    events = await everything(kafka, Topic.PRODUCT_EVENTS, 200)
    assert 195 <= len([each for each in events if b"com.example.request" in each.value]) <= 205
    assert any(b'"ok":false' in each.value for each in events)
    assert "50 customers are in the directory" in capsys.readouterr().out
