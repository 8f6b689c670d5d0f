"""A customer without troubles is remembered by their latest end alone: with others of a batch, out of order, and across restarts."""

import msgspec
import pytest

from services.monitor.aggregates.moments import Held, Moments
from services.monitor.fold.customers import Customers, StoredCustomers
from services.monitor.fold.partition import Partition
from services.monitor.risk.finding import Span
from services.monitor.risk.looking import Looking
from tests.unit.monitor.builders import HORIZON, LATER, START
from tests.unit.monitor.risk.building import followed, payment, streak
from tests.unit.monitor.risk.test_order import only


def restarted(customers: Customers) -> Customers:
    """Returns the view as another process restores it from what this one stores."""
    other = only(Partition([], HORIZON, follow=[streak()]))
    for stored in customers.take_changes():
        other.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(stored), type=StoredCustomers))
    other.restored()
    return other


@pytest.mark.parametrize("ats", [(1.0, 2.0, 3.0), (3.0, 2.0, 1.0), (2.0, 3.0, 1.0)])
def test_of_several_ends_in_a_batch_the_latest_is_remembered(ats: tuple[float, ...]) -> None:
    customers = only(followed(streak(), [payment(at, "paid") for at in ats]))
    assert customers.of("c-1") == Moments(START + 3)


def test_an_earlier_end_changes_nothing() -> None:
    customers = only(partition := followed(streak(), [payment(3, "paid")]))
    customers.take_changes()
    partition.fold([payment(2, "paid")], LATER)
    assert customers.of("c-1") == Moments(START + 3)
    assert list(customers.take_changes()) == []


def test_a_late_trouble_before_the_end_is_none_and_one_after_it_is() -> None:
    customers = only(partition := followed(streak(), [payment(3, "paid")]))
    customers.take_changes()
    partition.fold([payment(2)], LATER)
    assert customers.of("c-1") == Moments(START + 3)
    partition.fold([payment(4)], LATER)
    assert (customers.of("c-1").ended, [at for at, _ in customers.of("c-1").troubles]) == (START + 3, [START + 4])


def test_whoever_comes_to_have_troubles_or_none_is_restored_as_such() -> None:
    partition, stored = followed(streak(), [payment(0, "paid"), payment(0, customer="c-2")]), list[StoredCustomers]()
    stored += only(partition).take_changes()
    partition.fold([payment(1), payment(1, "paid", "c-2")], LATER)
    stored += only(partition).take_changes()
    other = only(Partition([], HORIZON, follow=[streak()]))
    for each in stored:
        other.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(each), type=StoredCustomers))
    other.restored()
    assert [other.of(each) for each in ("c-1", "c-2")] == [only(partition).of(each) for each in ("c-1", "c-2")]
    assert (len(other), list(other.troubled(1))) == (2, ["c-1"])


def test_an_end_that_was_not_stored_yet_is_stored_although_troubles_came_that_count_for_nothing() -> None:
    customers = only(partition := followed(streak(), [payment(3, "paid")]))
    partition.fold([payment(2)], LATER)
    assert restarted(customers).of("c-1") == Moments(START + 3)


def test_who_is_calm_is_named_as_fresh_once_and_is_forgotten_when_erased() -> None:
    customers = only(partition := followed(streak(), [payment(3, "paid")]))
    assert customers.fresh == {"c-1"}
    customers.fresh.clear()
    partition.fold([payment(4, "paid")], LATER)
    assert customers.fresh == set()
    customers.erase_until("c-1", START + 3)
    assert len(customers) == 1
    customers.erase_until("c-1", START + 4)
    assert (len(customers), list(customers.take_changes())) == (0, [])


def test_the_end_of_a_calm_customer_goes_over_to_another_name() -> None:
    customers = only(followed(streak(), [payment(3, "paid")]))
    customers.take_changes()
    assert list(customers.let_go({"c-1", "c-9"})) == [("c-1", Held(START + 3, ()))]
    customers.join("c-2", Held(START + 3, ()))
    other = restarted(customers)
    assert [other.of(each) for each in ("c-1", "c-2")] == [Moments(), Moments(START + 3)]


def test_a_calm_customer_is_looked_at_only_with_an_open_risk() -> None:
    customers = only(partition := followed(streak(), [payment(0, customer=each) for each in ("c-1", "c-2")]))
    looking = Looking(streak(), customers, {"c-1": Span(START, START)})
    looking.concerned(START)
    customers.take_changes()
    partition.fold([payment(1, "paid", each) for each in ("c-1", "c-2")], LATER)
    customers.take_changes()
    partition.fold([payment(2, "paid", each) for each in ("c-1", "c-2")], LATER)
    assert looking.concerned(START) == {"c-1"}


def test_who_is_forgotten_is_so_at_once_and_takes_no_room_after_further_changes() -> None:
    customers = only(partition := followed(streak(), [payment(0, "paid", f"c-{number}") for number in range(9)]))
    customers.take_changes()
    partition.fold([payment(HORIZON + 1, "paid", "c-9")], LATER)
    customers.take_changes()
    assert [customers.of(each) for each in ("c-0", "c-8", "c-9")] == [Moments(), Moments(), Moments(START + HORIZON + 1)]
    for at in range(2, 12):
        partition.fold([payment(HORIZON + at, "paid", "c-9")], LATER)
        customers.take_changes()
    assert len(customers) == 1


def test_who_was_forgotten_begins_anew_with_trouble() -> None:
    customers = only(partition := followed(streak(), [payment(0, "paid"), payment(0, "paid", "c-2"), payment(0, "paid", "c-3")]))
    customers.take_changes()
    partition.fold([payment(HORIZON + 1, "paid", "c-4")], LATER)
    customers.take_changes()
    partition.fold([payment(HORIZON + 2)], LATER)
    assert customers.of("c-1").ended == 0.0
