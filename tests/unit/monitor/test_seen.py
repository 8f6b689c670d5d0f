"""Deduplication knows a counted event by source and id, in 8 bytes, until its minute is forgotten."""

from sys import getsizeof

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.monitor.fold.seen import MINUTE, Seen, identity_of

AT = 1_764_000_000.0
THIS = int(AT) // MINUTE


def first_time(seen: Seen, source: str, event_id: str, at: float) -> bool:
    """Says whether an event that comes alone is new."""
    return not seen.take([identity_of(source, event_id)], [at])


def filled(count: int, at: float = AT) -> Seen:
    """Returns a memory that knows events "0" to "count", all of one second; a checkpoint has found it quiet."""
    seen = Seen()
    for number in range(count):
        first_time(seen, "/shop", str(number), at)
    seen.fresh(at)
    seen.fresh(at)
    return seen


def test_an_event_is_new_once() -> None:
    seen = Seen()
    assert [first_time(seen, "/shop", "1", AT) for _ in range(3)] == [True, False, False]


def test_source_and_id_together_are_the_identity() -> None:
    seen = Seen()
    identities = [("/shop", "1"), ("/shop", "2"), ("/bank", "1"), ("/sho", "p1"), ("/shop1", "")]
    assert all(first_time(seen, source, id_, AT) for source, id_ in identities)


@pytest.mark.parametrize("checkpoints", [0, 1, 2, 3])
def test_an_event_is_known_however_many_checkpoints_later_it_comes_again(checkpoints: int) -> None:
    seen = Seen()
    for number in range(1000):
        assert first_time(seen, "/shop", str(number), AT)
    for _ in range(checkpoints):
        seen.fresh(AT)
    assert not any(first_time(seen, "/shop", str(number), AT) for number in range(1000))
    assert first_time(seen, "/shop", "1000", AT)


@given(st.lists(st.one_of(st.none(), st.tuples(st.integers(0, 300), st.integers(0, 3))), max_size=400))
def test_events_that_come_late_and_again_between_checkpoints_are_counted_once(story: list[tuple[int, int] | None]) -> None:
    seen, known = Seen(), set()
    for each in story:
        if each is None:
            seen.fresh(AT)
        else:
            assert first_time(seen, "/shop", str(each[0]), AT + each[1]) == (each not in known)
            known.add(each)


def test_an_identity_takes_little_more_than_8_bytes_once_its_second_is_quiet() -> None:
    (packed,) = filled(10_000)._packed.values()
    assert getsizeof(packed._held) <= 10_000 * 8 * 1.15
    assert not filled(10_000)._open


def test_events_that_changed_nothing_are_new_when_they_come_again() -> None:
    seen, batch = Seen(), [identity_of("/shop", each) for each in "abcd"]
    seen.take(batch, [AT, AT + 1, AT, AT + 1])
    seen.take_back([batch[0], batch[3]], [AT, AT + 1])
    assert seen.take(batch, [AT, AT + 1, AT, AT + 1]) == {1: None, 2: None}
    assert sum(map(len, seen.fresh(AT).values())) == 4 * 8


def test_of_copies_in_one_batch_the_first_is_new_and_each_other_names_it() -> None:
    seen, (one, two) = Seen(), (identity_of("/shop", "1"), identity_of("/shop", "2"))
    assert seen.take([one, two, one, two, one], [AT, AT, AT, AT + 1, AT]) == {2: 0, 4: 0}
    assert seen.take([two, one], [AT + 1, AT]) == {0: None, 1: None}


# ── what is stored ───────────────────────────────────────────────────────────────────────────


def test_what_was_stored_is_known_again() -> None:
    before, after = Seen(), Seen()
    for number in range(100):
        first_time(before, "/shop", str(number), AT + number)
    for minute, stored in before.fresh(AT).items():
        after.restore(minute, stored, AT)
    assert len(after) == 100
    assert not any(first_time(after, "/shop", str(number), AT + number) for number in range(100))
    assert first_time(after, "/shop", "100", AT)


def test_only_what_came_since_is_stored_beside_what_was_stored_before() -> None:
    seen, after = Seen(), Seen()
    first_time(seen, "/shop", "1", AT)
    first = seen.fresh(AT)
    first_time(seen, "/shop", "1", AT)
    first_time(seen, "/shop", "2", AT)
    second = seen.fresh(AT)
    assert [len(stored) for part in (first, second) for stored in part.values()] == [8, 8]
    assert seen.fresh(AT) == {}
    for part in (first, second):
        for minute, stored in part.items():
            after.restore(minute, stored, AT)
    assert not first_time(after, "/shop", "1", AT)
    assert not first_time(after, "/shop", "2", AT)


# ── what is forgotten ───────────────────────────────────────────────────────────────────────────


def test_a_minute_that_is_let_go_leaves_nothing_behind() -> None:
    seen = filled(10)
    first_time(seen, "/shop", "late", AT)
    seen.restore(THIS, b"12345678", AT)
    seen.fresh(AT)
    seen.forget(THIS)
    assert seen == Seen()


def test_a_minute_grew_where_the_clock_stood_and_no_earlier_than_its_end() -> None:
    seen = Seen()
    first_time(seen, "/shop", "1", AT)
    seen.fresh(clock=AT)
    assert seen.grew() == {THIS: (THIS + 1) * MINUTE}
    first_time(seen, "/shop", "2", AT)
    seen.fresh(clock=AT + 500)
    assert seen.grew() == {THIS: AT + 500}
    first_time(seen, "/shop", "2", AT)
    seen.fresh(clock=AT + 900)
    assert seen.grew() == {THIS: AT + 500}


def test_each_minute_knows_how_much_it_holds() -> None:
    seen = filled(10)
    first_time(seen, "/shop", "next", AT + MINUTE)
    seen.fresh(AT)
    assert seen.minutes() == {THIS: 10, THIS + 1: 1}
    assert len(seen) == 11
