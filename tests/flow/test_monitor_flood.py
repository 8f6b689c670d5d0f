"""A producer floods product.events.v1 with records that are no events, during an outage, and the outage is found all the same."""

from itertools import groupby

import pytest

from shared.events import Topic
from shared.postgres import Database
from shared.streaming.dead_letters import REDRIVEN, Form
from tests.builders import NOON
from tests.flow.monitor_site import SMALL, Site, told, victims

pytestmark = pytest.mark.asyncio

FLOOD = 10_000


async def test_ten_thousand_plain_json_records_interleaved_with_an_outage_stop_nothing_and_hide_no_customer(
    monitor_database: Database,
) -> None:
    # Given monitor
    site = Site(monitor_database)
    await site.start()
    # When an outage is told second by second, and each second brings what is no event
    seconds = [(second, list(coming)) for second, coming in groupby(told(SMALL), key=lambda record: int(record.offset))]
    for second, coming in seconds:
        for number in range(FLOOD // len(seconds) + 1):
            site.topics.put(Topic.PRODUCT_EVENTS, b'{"plain": "json", "n": %d}' % number, key=b"%d" % number)
        site.wall = NOON.timestamp() + second + 1
        site.say(coming)
        await site.settle()
    # Then the incident is found with all its customers, and nothing has stopped
    [incident] = await site.incidents()
    assert incident["component"] == "checkout"
    assert {row["customer_id"] for row in await site.impact()} == victims(SMALL)
    assert (site.events.paused, await site.events.stream.trouble(), await site.events.stream.lag()) == (set(), None, 0)
    # and each of the records is a letter: a thousand whole, the others as pointers
    letters = site.topics.records(f"{Topic.PRODUCT_EVENTS}.dlq")
    forms = [dict(letter.headers)["forewarn-form"].decode() for letter in letters]
    account = await site.account()
    assert account["dead"] == len(letters) >= FLOOD
    assert account["counted"] + account["unmatched"] == len(told(SMALL))
    assert 1_000 <= forms.count(Form.WHOLE) < 3_000  # a thousand, and what the minute's allowance fills up meanwhile


async def test_a_hundred_and_fifty_letters_redriven_to_the_product_events_stop_nothing(monitor_database: Database) -> None:
    site = Site(monitor_database)
    await site.start()
    site.say(told(SMALL)[:100])
    await site.settle()
    for _ in range(150):
        site.topics.put(Topic.PRODUCT_EVENTS, b"no event", headers=[(REDRIVEN, b"1")])
    site.say(told(SMALL)[100:200])
    await site.settle()
    account = await site.account()
    assert (account["read"], account["dead"], await site.events.stream.trouble()) == (350, 150, None)
