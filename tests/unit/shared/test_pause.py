"""A pause between tries grows while they fail, and ends when it is told to."""

from itertools import pairwise

from shared.streaming.pause import LONGEST, Pause


def test_it_doubles_from_a_second_up_to_half_a_minute_and_is_short_again_after_a_success() -> None:
    pause = Pause()
    assert [pause.begin() for _ in range(7)] == [1, 2, 4, 8, 16, LONGEST, LONGEST]
    pause.succeeded()
    assert pause.begin() == 1


def test_it_is_left_less_and_less_and_ends_at_once_when_told_to() -> None:
    pause = Pause()
    assert pause.left == 0
    pause.begin()
    seen = [pause.left for _ in range(3)]
    assert all(0 < later <= earlier <= 1 for earlier, later in pairwise(seen))
    pause.end()
    assert pause.left == 0
