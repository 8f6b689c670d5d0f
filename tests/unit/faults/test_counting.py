"""The accounts that judge the fault tests find losses, repetitions and ids that were never produced."""

import time
from collections import Counter

from aiokafka import ConsumerRecord

from services.monitor.hearing.rekeying import CAME_FROM
from tests.faults.checker import account
from tests.faults.load import VICTIMS, load
from tests.faults.reckoning import Reckoning, differences, forwarded_again
from tests.faults.sink import Mail, Sink

EVENTS = 10_000


def test_an_account_balances_only_when_every_id_is_there_once() -> None:
    assert account("abc", "ab", "c").balanced
    assert account("abc", "ab").lost == 1
    assert account("abc", "abbc").twice == 1
    assert account("abc", "abc", "c").twice == 1
    assert account("abc", "ab", "cc").twice == 1
    assert account("abc", "abcd").strange == 1


def test_a_loss_and_a_repetition_do_not_cancel_each_other() -> None:
    wanted = Counter({("checkout", True, 0): 5, ("checkout", True, 1): 5})
    assert differences(wanted, Counter({("checkout", True, 0): 6, ("checkout", True, 1): 4})) == (1, 1)
    assert differences(wanted, Counter({("checkout", True, 0): 5, ("checkout", False, 1): 5})) == (5, 5)
    assert differences(wanted, wanted) == (0, 0)


def test_only_what_monitor_forwarded_once_more_may_be_on_the_topic_twice() -> None:
    origins = [b"3/41", b"3/42", b"3/41", b"4/41", None, None, b"3/41"]
    headers = [() if origin is None else (("x", b"3/41"), (CAME_FROM, origin)) for origin in origins]
    records = [ConsumerRecord("product.events.v1", 7, n, 0, 0, b"k", b"v", None, 1, 1, each) for n, each in enumerate(headers)]
    assert forwarded_again(records) == 2
    assert _reckoning(duplicates=2, forwarded_again=2).twice == 0
    assert _reckoning(duplicates=3, forwarded_again=2).twice == 1  # an event was published twice by somebody else
    assert _reckoning(duplicates=1, forwarded_again=2).twice == 1  # one of both was counted


def _reckoning(duplicates: int, forwarded_again: int) -> Reckoning:
    return Reckoning(0, 0, 0, 0, duplicates, forwarded_again, 0, 0)


def test_a_second_message_id_is_told_twice_and_the_same_one_is_a_repeat() -> None:
    first = Mail("c-1@example.org", "opened", "incident", "<1>")
    assert (Sink(mails=[first]).told_twice(), Sink(mails=[first]).same_id_repeats()) == (0, 0)
    assert (Sink(mails=[first, first]).told_twice(), Sink(mails=[first, first]).same_id_repeats()) == (0, 1)
    second = first._replace(message_id="<2>")
    assert (Sink(mails=[first, second]).told_twice(), Sink(mails=[first, second]).same_id_repeats()) == (1, 0)
    other = second._replace(about="another incident")
    assert Sink(mails=[first, other]).told_twice() == 0


def test_a_load_has_the_events_it_was_asked_for_and_knows_whom_they_hit() -> None:
    made = load(1, EVENTS, time.time() - 100, seed=7)
    of_requests = made.cells.total()
    assert len(made.victims) == VICTIMS
    assert made.writers <= made.victims
    assert of_requests <= made.events == EVENTS
    assert {component for component, _, _ in made.cells} == made.components == {"checkout-1", "search-1"}
