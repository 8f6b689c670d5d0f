"""The simulator's story is the same for the same seed, and exactly the victims of an outage are affected by it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import pytest

from deploy.simulator.faults import ColdStart, Outage
from deploy.simulator.people import People
from deploy.simulator.product import Message, Product, alike
from deploy.simulator.story import Story, load, nobody, published

SEEDS = (1, 7, 42, 1234, 99999)
WINDOW_S = 15.0  # of the shipped rule; it confirms a customer with two bad events of their own


def failures(messages: Iterable[Message], component: str) -> dict[str, list[float]]:
    found: dict[str, list[float]] = defaultdict(list)
    for message in messages:
        if message.type == "com.example.request" and message.data["component"] == component and not message.data["ok"]:
            found[message.subject or ""].append(message.offset)
    return found


def confirmed(messages: Iterable[Message], component: str) -> set[str]:
    twice = {customer: pairwise(moments) for customer, moments in failures(messages, component).items()}
    return {customer for customer, pairs in twice.items() if any(later - first <= WINDOW_S for first, later in pairs)}


def requests_for_help(messages: Iterable[Message]) -> list[Message]:
    return [message for message in messages if message.type == "forewarn.support.requested.v1"]


def test_the_same_seed_tells_the_same_story_with_the_same_ids() -> None:
    assert list(published(seed=3).messages(until=30)) == list(published(seed=3).messages(until=30))


def test_another_seed_tells_another_story() -> None:
    assert published(seed=3).victims != published(seed=4).victims


def test_messages_come_in_order_of_time_and_no_id_comes_twice() -> None:
    messages = list(published().messages(until=60))
    assert all(earlier.offset <= later.offset for earlier, later in pairwise(messages))
    assert len({message.id for message in messages}) == len(messages)


def test_product_events_are_keyed_by_customer_or_else_by_component() -> None:
    for message in published().messages(until=8):
        assert message.key == (message.subject or message.data["component"])


@pytest.mark.parametrize("seed", SEEDS)
def test_all_137_victims_are_affected_and_nobody_else_is(seed: int) -> None:
    story = published(seed)
    victims = {story.product.customer_id(number) for number in story.victims}
    assert len(victims) == 137
    assert confirmed(story.messages(until=120), "checkout") == victims


@pytest.mark.parametrize("seed", SEEDS)
def test_odd_failures_never_confirm_anybody_however_many_there_are(seed: int) -> None:
    story = Story(Product(seed=seed, odd_failures=0.05))
    messages = list(story.messages(until=150))
    assert len(failures(messages, "checkout")) > 800
    assert not confirmed(messages, "checkout")


@pytest.mark.parametrize("seed", SEEDS)
def test_each_victim_fails_at_least_three_times_while_the_outage_lasts(seed: int) -> None:
    story = published(seed)
    (outage,) = story.outages
    failed = failures(story.messages(until=outage.end), "checkout")
    for number in story.victims:
        moments = [at for at in failed[story.product.customer_id(number)] if at >= outage.start]
        assert len(moments) >= 3


def test_the_odd_failure_keeps_its_rate() -> None:
    requests = [m for m in Story(Product(10_000, 5_000)).messages(until=20) if m.type == "com.example.request"]
    odd = sum(not m.data["ok"] for m in requests)
    assert 0.0008 < odd / len(requests) < 0.0012


def test_a_share_of_customers_is_hit_as_well_as_a_count() -> None:
    product = Product(customers=200)
    assert len(Outage("checkout", customers=0.25, start=0, end=10).victims(product)) == 50
    assert len(Outage("checkout", customers=25, start=0, end=10).victims(product)) == 25


def test_victims_of_a_slow_start_fall_ill_and_recover_one_after_another() -> None:
    ill = list(Outage("checkout", customers=10, start=5, end=20, slow_start=5, recovery=10).victims(Product()).values())
    assert ill[0] == (5.0, 20.0)
    assert ill[5] == (7.5, 25.0)
    assert ill[9] == (9.5, 29.0)


def test_a_cold_start_is_slow_at_first_and_normal_at_its_end() -> None:
    cold = ColdStart("search", start=10, end=20, factor=11)
    assert [cold.slowness(at) for at in (9.9, 10, 15, 20)] == [1.0, 11.0, 6.0, 1.0]
    slow = Story(faults=(cold,))
    latencies = [m.data["latency_ms"] for m in slow.messages(until=11) if m.data.get("component") == "search" and m.offset >= 10]
    assert min(latencies) > 100 > slow.product.component("search").latency_ms


def test_whoever_nobody_told_writes_in_when_their_patience_ends() -> None:
    story = published()
    first = failures(story.messages(until=24), "checkout")
    wrote = [m for m in requests_for_help(story.messages(nobody, until=60)) if m.id.startswith("complaint")]
    assert len(wrote) > 30
    for message in wrote:
        number = int((message.subject or "").removeprefix("c-"))
        first_in_outage = min(at for at in first[message.subject or ""] if at >= 6.0)
        assert message.offset == story.would_write_at(number, first_in_outage)
        assert message.offset >= first_in_outage + story.people.at_least_s


def test_whoever_was_told_keeps_quiet_but_for_the_few_who_insist() -> None:
    story = published()
    wrote = {m.subject for m in requests_for_help(story.messages(lambda _: True, until=600)) if m.id.startswith("complaint")}
    insisting = {story.product.customer_id(n) for n in story.victims if story.people.temper(story.product, n).insists}
    assert wrote == insisting
    assert 2 <= len(insisting) <= 20


def test_questions_about_something_else_come_from_customers_without_trouble() -> None:
    story = published()
    asked = [m for m in requests_for_help(story.messages(until=600)) if m.id.startswith("question")]
    assert len(asked) > 15
    assert not {m.subject for m in asked} & {story.product.customer_id(number) for number in story.victims}


def test_without_insisting_nobody_who_was_told_writes_in() -> None:
    story = replace(published(), people=People(insist=0.0, questions=0.0))
    assert not requests_for_help(story.messages(lambda _: True, until=300))


def test_load_keeps_the_rate_it_is_asked_for() -> None:
    story = load(rate=2_000, customers=10_000, components=alike(50))
    requests = [m for m in story.messages(until=5) if m.type == "com.example.request"]
    assert len(requests) == pytest.approx(10_000, abs=50)
    assert len({m.data["component"] for m in requests}) == 50
