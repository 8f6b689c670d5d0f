"""What is remembered of customers is the same in whatever order their events come within the horizon, and however often."""

from collections.abc import Sequence

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from services.monitor.aggregates.moments import Moments
from services.monitor.fold.columns import Columns
from services.monitor.fold.customers import PIECE, Customers, StoredCustomers
from services.monitor.fold.partition import Partition
from services.monitor.fold.watch import LATE, TAKEN
from services.monitor.risk.finding import Finding
from services.monitor.risk.registry import KINDS
from services.monitor.rules.customers import CustomerRule
from shared.events import ProductEvent
from tests.unit.monitor.builders import HORIZON, LATER, START
from tests.unit.monitor.risk.building import DAY, HOUR, decline, followed, happened, payment, silence, stall, streak

SILENCE = silence(events=["com.example.payment"], visit="1m", visits=3, remember=4)
DECLINE = decline(
    events=["com.example.payment"], visit="1m", visits=3, remember=4, half_life="1m", value={"field": "data.amount", "typical": 100}
)
RULES: Sequence[CustomerRule] = (
    streak(failures=2),
    streak(good={"data.status": "paid"}),
    stall(within="1m", window="1h"),
    SILENCE,
    DECLINE,
)
CUSTOMERS = ("c-1", "c-2")
AMOUNTS = (5, 50.5, 500, -3, "12", None, True)

some_event = st.builds(
    lambda kind, at, customer, number: happened(
        kind, at, customer, f"{kind}/{number}", status=("failed", "paid", "pending")[number % 3], amount=AMOUNTS[number % len(AMOUNTS)]
    ),
    st.sampled_from(["payment", "payment", "signup", "order"]),
    st.integers(0, int(HORIZON)).map(float),
    st.sampled_from(CUSTOMERS),
    st.integers(0, 10_000),
)
stories = st.lists(some_event, min_size=1, max_size=30, unique_by=lambda event: event.id).flatmap(
    lambda events: st.tuples(st.just(events), st.permutations(events + events[: len(events) // 2]))
)


def only(partition: Partition) -> Customers:
    (customers,) = partition.customers.values()
    return customers


def findings(rule: CustomerRule, customers: Customers) -> list[Finding | None]:
    return [KINDS[rule.detector].find(rule, customers.of(customer), START + HORIZON + 60) for customer in CUSTOMERS]


@given(stories, st.sampled_from(RULES), st.integers(1, 7))
def test_the_answer_is_the_same_for_every_order_within_the_horizon_and_with_duplicates(
    story: tuple[list[ProductEvent], list[ProductEvent]], rule: CustomerRule, at_once: int
) -> None:
    in_order, shuffled = story
    straight = only(followed(rule, sorted(in_order, key=lambda event: event.time), at_once=len(in_order)))
    mixed = only(followed(rule, shuffled, at_once=at_once))
    assert [straight.of(each) for each in CUSTOMERS] == [mixed.of(each) for each in CUSTOMERS]
    assert findings(rule, straight) == findings(rule, mixed)


@given(stories, st.sampled_from(RULES), st.integers(1, 5))
def test_a_restart_at_any_checkpoint_changes_nothing(
    story: tuple[list[ProductEvent], list[ProductEvent]], rule: CustomerRule, at_once: int
) -> None:
    _, events = story
    straight, stored = Partition([], HORIZON, follow=[rule]), list[bytes]()
    for begin in range(0, len(events), at_once):
        batch = events[begin : begin + at_once]
        straight.fold(batch, LATER)
        restarted = Partition([], HORIZON, follow=[rule])
        restore(only(restarted), stored)
        take(only(restarted), batch)
        save(only(restarted), stored)
        save(only(straight), [])
        assert [only(straight).of(each) for each in CUSTOMERS] == [only(restarted).of(each) for each in CUSTOMERS]


def take(customers: Customers, events: Sequence[ProductEvent]) -> None:
    """Has events taken without the memory of a partition that knows duplicates: rules on customers know their events by themselves."""
    for half in customers.halves:
        asked = [event for event in events if event.type in half.events]
        half.take(Columns(asked, [event.time.timestamp() for event in asked], HORIZON))


def save(customers: Customers, stored: list[bytes]) -> None:
    for changes in customers.take_changes():
        if changes.whole:
            stored.clear()
        stored.append(msgspec.msgpack.encode(changes))


def restore(customers: Customers, stored: Sequence[bytes]) -> None:
    for each in stored:
        customers.restore(msgspec.msgpack.decode(each, type=StoredCustomers))
    customers.restored()


def test_what_was_stored_without_amounts_can_be_read() -> None:
    older = msgspec.msgpack.encode({"clocks": [], "moments": {"c-1": (0.0, ((5.0, 5),))}, "whole": True})
    assert msgspec.msgpack.decode(older, type=StoredCustomers).moments == {"c-1": Moments(0.0, ((5.0, 5),))}


def test_an_erased_customer_loses_the_amounts_with_the_visits() -> None:
    events = [happened("payment", at, id_=f"{at}", amount=at) for at in (60.0, 120.0, 180.0)]
    customers = only(followed(DECLINE, events))
    customers.erase_until("c-1", START + 60)
    assert customers.of("c-1").amounts == (120.0, 180.0)
    customers.erase_until("c-1", START + 180)
    assert customers.of("c-1") == Moments()


# ── what is late, and what is forgotten ──────────────────────────────────────────────────────


def test_an_event_exactly_as_late_as_the_horizon_counts_and_a_later_one_does_not() -> None:
    partition = followed(streak(), [payment(HORIZON, "paid", "c-2"), payment(0)])
    assert len(only(partition).of("c-1").troubles) == 1
    assert partition.fold([payment(-0.001)], LATER) == [LATE]
    assert len(only(partition).of("c-1").troubles) == 1
    assert partition.account.late == 1


def test_other_events_do_not_make_those_of_the_rule_late() -> None:
    rule = stall()
    partition = followed(rule, [happened("order", 2 * HOUR, "c-2"), happened("signup", 0)], START + 3 * HOUR)
    assert len(only(partition).of("c-1").troubles) == 1


def test_who_has_no_trouble_is_forgotten_after_the_horizon_and_who_has_after_the_window() -> None:
    customers = only(partition := followed(streak(), [payment(0, "paid"), payment(0, customer="c-2")], START + DAY))
    customers.take_changes()
    remembered = {}
    for at in (HORIZON, HORIZON + 1, HOUR + HORIZON, HOUR + HORIZON + 1):
        partition.fold([payment(at, "pending", "c-3")], START + DAY)
        customers.take_changes()
        remembered[at] = [each for each in CUSTOMERS if customers.of(each) != Moments()]
    assert list(remembered.values()) == [["c-1", "c-2"], ["c-2"], ["c-2"], []]


def test_who_is_remembered_is_bounded_by_the_rule() -> None:
    customers = only(followed(streak(), [payment(number / 10) for number in range(500)]))
    assert len(customers.of("c-1").troubles) == 6


def test_what_is_stored_is_what_changed_and_now_and_then_everything() -> None:
    partition = followed(streak(), [payment(0, customer=f"c-{number}") for number in range(100)])
    [first] = only(partition).take_changes()
    assert len(first.moments) == 100
    sizes = []
    for number in range(101):
        partition.fold([payment(1 + number, customer="c-1")], LATER)
        sizes += [(len(stored.moments), stored.whole) for stored in only(partition).take_changes()]
    assert sizes == [(1, False)] * 100 + [(100, True)]
    assert list(only(partition).take_changes()) == []


def test_many_customers_are_stored_in_pieces_that_replace_what_was_stored_only_together() -> None:
    everybody, stored, sizes = [f"c-{number}" for number in range(PIECE + 1)], list[bytes](), []
    customers = only(partition := Partition([], HORIZON, follow=[streak()]))
    for at in range(3):
        partition.fold([payment(at, customer=each) for each in everybody], LATER)
        save(customers, stored)
        sizes.append(len(stored))
    assert sizes == [2, 4, 2]
    restored = only(Partition([], HORIZON, follow=[streak()]))
    restore(restored, stored)
    assert [restored.of(each) for each in everybody] == [customers.of(each) for each in everybody]
    assert len(restored.of("c-0").troubles) == 3


def test_what_is_not_to_be_stored_anew_yet_is_the_next_time() -> None:
    customers = only(partition := followed(streak(), [payment(0)]))
    wholes = []
    for at, anew in enumerate((True, True, False, True)):
        partition.fold([payment(1 + at)], LATER)
        wholes += [each.whole for each in customers.take_changes(anew=anew)]
    assert wholes == [False, False, False, True]


def test_an_event_that_rules_of_both_kinds_ask_for_is_read_once_and_counts_for_both() -> None:
    partition = Partition([], HORIZON, follow=[streak(), streak(id="other", failures=2)])
    assert partition.fold([payment(0), happened("request", 0)], LATER) == [TAKEN, 1]
    assert [len(each.of("c-1").troubles) for each in partition.customers.values()] == [1, 1]
