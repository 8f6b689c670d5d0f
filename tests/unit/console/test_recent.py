"""What an open page has missed, and how far the read model is behind."""

from services.console.live.behind import Reached
from services.console.live.recent import Recent


def test_a_page_hears_of_what_changed_after_it_was_drawn() -> None:
    recent = Recent([(1, "a"), (2, "b"), (3, "a")])
    assert recent.since(2, ["a", "b"]) == ["a"]
    assert recent.since(3, ["a", "b"]) == []


def test_what_may_have_been_forgotten_is_not_known() -> None:
    recent = Recent([(7, "a"), (8, "b")], complete=False)
    assert recent.since(5, ["a"]) is None
    assert recent.since(6, ["a"]) == ["a"]


def test_the_key_that_changed_longest_ago_is_forgotten_first() -> None:
    recent = Recent([(1, "a"), (2, "b"), (3, "a"), (4, "c")], most=2)
    assert recent.since(1, ["b"]) is None
    assert recent.since(2, ["a", "c"]) == ["a", "c"]


def test_a_page_of_another_process_that_knows_more_draws_itself_anew() -> None:
    assert Recent([(1, "a")]).since(2, ["a"]) is None


def test_nothing_waits_when_all_is_read() -> None:
    reached = Reached()
    reached.note(10.0, read=100, lag=0)
    assert reached.behind(11.0) == 0


def test_the_oldest_record_that_waits_says_how_far_behind() -> None:
    reached = Reached()
    reached.note(10.0, read=100, lag=50)
    reached.note(12.0, read=120, lag=60)
    assert reached.behind(12.0) == 2
    reached.note(13.0, read=150, lag=60)
    assert reached.behind(13.0) == 1
    reached.note(14.0, read=210, lag=0)
    assert reached.behind(14.0) == 0


def test_a_steady_stream_that_is_read_within_a_second_is_not_behind_for_longer() -> None:
    reached = Reached()
    for second in range(100):
        reached.note(float(second), read=second * 1000, lag=100)
        assert reached.behind(float(second)) <= 1


def test_what_is_not_known_counts_as_waiting() -> None:
    reached = Reached()
    reached.note(10.0, read=100, lag=None)
    assert reached.behind(15.0) == 5
    reached.note(16.0, read=100, lag=0)
    assert reached.behind(16.0) == 0
