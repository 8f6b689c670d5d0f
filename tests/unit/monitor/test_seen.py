"""What was counted is known by source and id, until no late event can be a duplicate of it any more."""

from services.monitor.seen import SLOT, Seen

AT = 1_764_000_000.0


def test_an_event_is_new_once() -> None:
    seen = Seen()
    assert [seen.first_time("/shop", "1", AT) for _ in range(3)] == [True, False, False]


def test_source_and_id_together_are_the_identity() -> None:
    seen = Seen()
    identities = [("/shop", "1"), ("/shop", "2"), ("/bank", "1"), ("/sho", "p1"), ("/shop1", "")]
    assert all(seen.first_time(source, id_, AT) for source, id_ in identities)


def test_what_was_stored_is_known_again() -> None:
    before, after = Seen(), Seen()
    for number in range(100):
        before.first_time("/shop", str(number), AT + number)
    for slot, stored in before.fresh(now=AT).items():
        after.restore(slot, stored, now=AT)
    assert not any(after.first_time("/shop", str(number), AT + number) for number in range(100))
    assert after.first_time("/shop", "100", AT)


def test_only_what_came_since_is_stored_beside_what_was_stored_before() -> None:
    seen, after = Seen(), Seen()
    seen.first_time("/shop", "1", AT)
    first = seen.fresh(now=AT)
    seen.first_time("/shop", "1", AT)
    seen.first_time("/shop", "2", AT)
    second = seen.fresh(now=AT)
    assert [len(stored) for part in (first, second) for stored in part.values()] == [8, 8]
    assert seen.fresh(now=AT) == {}
    for part in (first, second):
        for slot, stored in part.items():
            after.restore(slot, stored, now=AT)
    assert not after.first_time("/shop", "1", AT)
    assert not after.first_time("/shop", "2", AT)


def test_a_slot_is_let_go_when_nothing_was_added_for_long_enough() -> None:
    seen = Seen()
    seen.first_time("/shop", "1", AT)
    seen.first_time("/shop", "2", AT + SLOT)
    seen.fresh(now=AT)
    seen.first_time("/shop", "3", AT)
    seen.fresh(now=AT + 5)
    assert seen.forget(before=AT) == []
    assert seen.forget(before=AT + 5) == [(AT + SLOT) // SLOT]
    assert seen.forget(before=AT + 5.001) == [AT // SLOT]
    assert seen.first_time("/shop", "1", AT)


def test_what_was_not_stored_yet_is_not_let_go() -> None:
    seen = Seen()
    seen.first_time("/shop", "1", AT)
    assert seen.forget(before=AT + 1e9) == []
    assert not seen.first_time("/shop", "1", AT)
