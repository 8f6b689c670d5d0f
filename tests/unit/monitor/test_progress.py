"""A probe shows how far monitor reads: it comes through when all that was there at its beginning has been folded, published and judged."""

from dataclasses import replace
from datetime import datetime, timedelta

from services.monitor.windows.progress import Look, Probe, advance
from tests.builders import NOON

CAUGHT_UP = Look(NOON, events={0: 100, 1: 50}, partials={0: 7}, folded={0: 100, 1: 50}, judged={0: 7}, now=NOON, oldest_unsent=None)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def walk(*looks: Look) -> list[datetime | None]:
    """Returns what each look shows of how far monitor reads, one after another."""
    probe, come_to = None, []
    for look in looks:
        probe, read_to = advance(probe, look)
        come_to.append(read_to)
    return come_to


def look(seconds: float, like: Look = CAUGHT_UP) -> Look:
    return replace(like, asked_at=after(seconds), now=after(seconds))


def test_a_monitor_that_keeps_up_has_read_to_where_a_probe_began() -> None:
    assert walk(look(0), look(15), look(30), look(45)) == [None, NOON, None, after(30)]


def test_events_that_are_not_folded_hold_a_probe_back() -> None:
    behind = replace(CAUGHT_UP, folded={0: 100, 1: 49})
    assert walk(look(0, behind), look(15, behind), look(30), look(45)) == [None, None, None, NOON]


def test_events_that_came_after_a_probe_began_do_not() -> None:
    busy = replace(CAUGHT_UP, events={0: 900, 1: 900}, partials={0: 90}, folded={0: 800, 1: 800}, judged={0: 90})
    assert walk(look(0, replace(busy, folded={0: 1, 1: 1})), look(15, replace(busy, folded={0: 900, 1: 901})), look(30, busy)) == [
        None,
        None,
        NOON,
    ]


def test_partials_that_are_not_published_hold_a_probe_back() -> None:
    stuck = look(15, replace(CAUGHT_UP, oldest_unsent=after(-1)))
    assert walk(look(0, replace(CAUGHT_UP, oldest_unsent=NOON)), stuck, look(30), look(45)) == [None, None, None, after(0)]


def test_a_probe_begins_with_what_still_waits_to_be_published() -> None:
    """Product events that came by HTTP wait in the outbox, and are in no topic yet."""
    assert walk(look(0, replace(CAUGHT_UP, oldest_unsent=after(-600))), look(15), look(30)) == [None, None, after(-600)]


def test_partials_that_are_not_judged_hold_a_probe_back() -> None:
    unjudged = replace(CAUGHT_UP, judged={0: 6})
    assert walk(look(0), look(15, unjudged), look(30, unjudged), look(45)) == [None, None, None, NOON]


def test_the_ends_of_the_partials_are_those_after_all_was_published() -> None:
    probe, _ = advance(None, look(0))
    assert probe == Probe(NOON, {0: 100, 1: 50}, folded_at=NOON, published=True, forwarded=0)
    grown = replace(look(15), partials={0: 9}, judged={0: 8})
    probe, read_to = advance(probe, grown)
    assert (probe and probe.partials, read_to) == ({0: 9}, None)


def test_partitions_without_anything_unread_may_be_left_out() -> None:
    empty = replace(CAUGHT_UP, events={}, partials={})
    assert walk(look(0, empty), look(15, empty)) == [None, NOON]


# ── events that are forwarded to the partition of their key ──────────────────────────────────


def test_events_that_were_forwarded_meanwhile_are_waited_for_at_the_end_of_their_home_partition() -> None:
    forwarding = replace(CAUGHT_UP, forwarded=3)
    longer = replace(forwarding, forwarded_before=3, events={0: 103, 1: 50})
    unread, read = longer, replace(longer, folded={0: 103, 1: 50})
    assert walk(look(0, forwarding), look(15, unread), look(30, unread), look(45, read), look(60, read)) == [None] * 4 + [NOON]


def test_a_forwarding_that_never_ends_holds_a_probe_back_no_longer_than_for_what_was_there_when_it_began() -> None:
    looks = [replace(CAUGHT_UP, forwarded_before=number, forwarded=number + 1) for number in range(5)]
    assert walk(*(look(15 * number, each) for number, each in enumerate(looks)))[:3] == [None, None, NOON]


def test_events_that_were_forwarded_before_a_probe_began_stand_before_the_ends_it_notes() -> None:
    before = replace(CAUGHT_UP, forwarded_before=3, forwarded=3)
    assert walk(look(0, before), look(15, before)) == [None, NOON]
