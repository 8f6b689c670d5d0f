"""Records cannot be handled, come again, or are left out (real Kafka, one worker)."""

import asyncio
import time

import pytest
from confluent_kafka import Producer

from deploy.local.streams import release_on
from shared.streaming.brake import IN_A_ROW
from tests.faults.members import Member, started
from tests.faults.site import Site, within
from tests.faults.worker import POISON

pytestmark = [pytest.mark.asyncio, pytest.mark.docker]


async def test_a_poison_event_is_a_dead_letter_within_seconds_and_its_neighbours_are_counted(site: Site) -> None:
    async with started(member := site.member("a")):
        await within(20, member.ready, "the worker is ready")
        await site.produce(100)
        await site.produce(1, name=POISON)
        [poison] = site.produced[-1:]
        await site.produce(100)
        said_at = time.monotonic()
        await site.settled()
        seconds = time.monotonic() - said_at
        [letter] = await site.records(f"{site.topic}.dlq")
        headers = {name: value.decode() for name, value in letter.headers}
        events = await site.account()
    assert (letter.key or b"").decode() == poison
    assert (headers["forewarn-error"], headers["forewarn-attempts"], headers["forewarn-topic"]) == ("ValueError", "3", site.topic)
    assert {"forewarn-partition", "forewarn-offset", "forewarn-first-seen", "forewarn-reason"} <= headers.keys()
    assert (events.processed, events.dead_lettered, events.balanced) == (200, 1, True)
    assert seconds <= 5
    print(f"poison put aside and everything behind it counted after {seconds:.1f} s")


async def test_bytes_that_are_no_event_and_headers_that_are_no_text_become_one_dead_letter_each(site: Site) -> None:
    async with started(member := site.member("a")):
        await within(20, member.ready, "the worker is ready")
        await site.put(b"not json", [("x-trace", b"\x80\xff")])
        await site.put(None)
        await site.put(b"{}", [("ce_specversion", b"1.0"), ("ce_id", b"\xff")])
        await site.produce(50)
        await site.settled()
        letters = await site.records(f"{site.topic}.dlq")
    reasons = {dict(letter.headers)["forewarn-reason"].decode() for letter in letters}
    assert (len(letters), reasons) == (3, {"not_json", "empty", "bad_header"})
    assert dict(next(each for each in letters if each.value == b"not json").headers)["x-trace"] == b"\x80\xff"
    assert await site.counted(50) == 50


async def test_a_bad_deploy_stops_at_the_brake_and_a_good_one_loses_only_what_was_put_aside(site: Site) -> None:
    await site.produce(1_000, name=POISON)
    async with started(member := site.member("bad")):
        await within(60, lambda: braked(member), "the brake is on")
        answer = await member.get("/readyz")
        assert answer is not None
        assert answer.status_code == 503
        assert answer.json()[site.topic] == "the brake is on"
        assert member.says(f"{IN_A_ROW + 1} handler_failed); for instance partition")

        async def saved() -> bool:
            return len(await site.records(f"{site.topic}.dlq")) == IN_A_ROW + 1

        await within(10, saved, "what was put aside up to the brake is saved")
        await within(10, lambda: lags(member, site.topic, 1_000 - IN_A_ROW - 1), "the lag is true")
        await site.produce(50)
        await within(10, lambda: lags(member, site.topic, 1_050 - IN_A_ROW - 1), "the lag grows with the topic")
        await member.terminate()
    assert len(await site.records(f"{site.topic}.dlq")) == IN_A_ROW + 1
    events = await site.account()
    assert (events.processed, events.twice) == (0, 0)


async def test_a_released_brake_passes_all_that_waits_and_reads_what_comes_after(site: Site) -> None:
    await site.put_many(b"not json", 1_000)
    async with started(member := site.member("a", FOREWARN_OPERATOR_TOKEN="operator-token")):
        await within(60, lambda: braked(member), "the brake is on")
        await site.produce(50)
        assert await release_on([member.url], "operator-token", site.topic, put_aside=True) == 0
        seconds = await within(30, lambda: counts(site, 50), "the events behind it are counted")
        await within(10, member.ready, "it is ready again")
        await within(10, site.all_said, "every letter is published")
        letters = await site.records(f"{site.topic}.dlq")
    assert len(letters) == 1_000
    print(f"released, 900 put aside and what was behind them counted after {seconds:.1f} s")


async def counts(site: Site, events: int) -> bool:
    return await site.counted(events) == events


async def lags(member: Member, topic: str, records: int) -> bool:
    answer = await member.get("/metrics")
    return answer is not None and f'forewarn_consumer_lag_records{{topic="{topic}"}} {records}.0' in answer.text


async def braked(member: Member) -> bool:
    answer = await member.get("/metrics")
    lines = answer.text.splitlines() if answer is not None else []
    return any(line.startswith("forewarn_brake_engaged{") and line.endswith(" 1.0") for line in lines)


async def test_a_table_somebody_has_locked_makes_the_stream_wait_and_puts_nothing_aside(site: Site) -> None:
    """A server it needs is away for longer than two tries take: a lock is waited for 5 s, then there is a pause."""
    async with started(member := site.member("a")):
        await within(20, member.ready, "the worker is ready")
        blocker = await site.postgres.connect(site.database)
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE worker.counted IN ACCESS EXCLUSIVE MODE")
            await site.produce(200)
            seconds = await within(30, lambda: retried(member, site.topic, 2), "it has given up twice, and waits")
        await blocker.close()
        await site.settled()
        letters = await site.records(f"{site.topic}.dlq")
        events = await site.account()
    assert seconds > 2, "two tries within two seconds are no pause"
    assert letters == []
    assert (events.processed, events.twice, events.balanced) == (200, 0, True)


async def retried(member: Member, topic: str, times: int) -> bool:
    answer = await member.get("/metrics")
    line = f'forewarn_stream_retries_total{{topic="{topic}",why="transient"}} '
    counts = [float(each.removeprefix(line)) for each in (answer.text if answer is not None else "").splitlines() if each.startswith(line)]
    return bool(counts) and counts[0] >= times


async def test_the_marker_a_transaction_leaves_behind_the_last_record_is_no_lag(site: Site) -> None:
    """No poll ever brings it."""

    def publish() -> None:
        producer = Producer({"bootstrap.servers": site.kafka.bootstrap, "transactional.id": site.topic})
        producer.init_transactions(30)
        producer.begin_transaction()
        producer.produce(site.topic, b"in a transaction, and not json")
        producer.commit_transaction(30)

    async with started(member := site.member("a")):
        await within(20, member.ready, "the worker is ready")
        await asyncio.to_thread(publish)

        async def put_aside() -> bool:
            return len(await site.records(f"{site.topic}.dlq")) == 1

        async def caught_up() -> bool:
            answer = await member.get("/metrics")
            return answer is not None and f'forewarn_consumer_lag_records{{topic="{site.topic}"}} 0.0' in answer.text

        await within(10, put_aside, "the record is put aside")
        await within(5, caught_up, "nothing is left to read")
