"""The intervals of experiments are those of the papers that they are taken from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.deciding.intervals import difference, wilson


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_interval_is_that_of_newcombes_table(count: int, of: int, low: float, high: float) -> None:
    """R. G. Newcombe, Statistics in Medicine 17 (1998), 857 to 872, table I, method 3."""
    rate = wilson(count, of)
    assert rate is not None
    assert [rate.low, rate.high] == pytest.approx([low, high], abs=5e-5)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [((56, 70), (48, 80), 0.0524, 0.3339), ((9, 10), (3, 10), 0.1705, 0.8090), ((0, 10), (0, 20), -0.1611, 0.2775)],
)
def test_the_interval_of_a_difference_is_that_of_newcombes_table(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    """R. G. Newcombe, Statistics in Medicine 17 (1998), 873 to 890, table II, method 10."""
    one, other = wilson(*first), wilson(*second)
    assert one is not None
    assert other is not None
    apart, *found = difference(one, other)
    assert apart == pytest.approx(one.rate - other.rate)
    assert found == pytest.approx([low, high], abs=5e-5)


def test_of_nobody_there_is_no_rate() -> None:
    assert wilson(0, 0) is None


@given(st.integers(1, 10**6).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_rate_lies_in_its_interval_and_that_between_nobody_and_everybody(drawn: tuple[int, int]) -> None:
    rate = wilson(*drawn)
    assert rate is not None
    assert 0 <= rate.low <= rate.rate + 1e-12
    assert rate.rate - 1e-12 <= rate.high <= 1
