"""The sliding window merges the reports of partitions, and names the ends that are to be judged."""

from collections.abc import Callable
from itertools import permutations

from services.monitor.aggregates.counts import Counting, Counts
from services.monitor.windows.window import KEPT, Window, oldest
from tests.unit.monitor.builders import rule

COUNTING = rule().counting


def dense_in(held: Window, of: Counting = COUNTING) -> Callable[[int], bool]:
    """Says whether a bucket is as bad as a window in which an incident opens."""
    return lambda start: held.counts(of, start, start - of.width).ratio >= 0.05


def window(*starts: int, watermark: float | None = None) -> Window:
    """Returns a window whose buckets hold ten events each, one of them bad."""
    made = Window()
    made.merge(0, max(starts) if watermark is None else watermark, [(start, 10, 1, 1) for start in starts])
    return made


def test_partitions_add_up() -> None:
    merged = Window()
    merged.merge(0, 100, [(100, 10, 2, 1)])
    merged.merge(1, 101, [(100, 5, 1, 1), (101, 7, 0, 0)])
    assert merged.counts(COUNTING, 101) == Counts(events=22, bad=3, customers=2)


def test_a_later_report_of_a_partition_replaces_its_earlier_one() -> None:
    merged = Window()
    merged.merge(0, 100, [(100, 10, 2, 2)])
    merged.merge(0, 101, [(100, 12, 3, 1), (101, 1, 0, 0)])  # one of the two failed again in the next bucket
    assert merged.counts(COUNTING, 101) == Counts(events=13, bad=3, customers=1)


def test_reports_that_come_again_change_nothing() -> None:
    reports = [(100.5, (100, 10, 2, 2)), (100.9, (100, 12, 3, 2)), (101.5, (100, 12, 3, 1))]
    merged = Window()
    for watermark, bucket in reports:
        merged.merge(0, watermark, [bucket])
    assert merged.merge(0, 101.5, [reports[2][1]]) is None
    assert merged.merge(0, 100.5, [reports[0][1]]) is None
    assert (merged.counts(COUNTING, 101), merged.watermark) == (Counts(12, 3, 1), 101.5)


def test_the_order_of_partitions_does_not_matter() -> None:
    reports = [(partition, 100.0 + partition, [(100 + partition, 10, partition, 1)]) for partition in range(4)]
    for order in permutations(reports):
        merged = Window()
        for partition, watermark, buckets in order:
            merged.merge(partition, watermark, buckets)
        assert merged.counts(COUNTING, 103) == Counts(events=40, bad=6, customers=4)
        assert merged.watermark == 103.0


def test_the_earliest_change_is_named() -> None:
    merged = window(100, 101, 102)
    assert merged.merge(1, 102, [(102, 1, 0, 0), (101, 1, 0, 0)]) == 101
    assert merged.merge(1, 102, []) is None


def test_a_window_holds_its_first_bucket_and_not_the_one_before() -> None:
    held = window(100)
    assert held.counts(COUNTING, 114).events == 10
    assert held.counts(COUNTING, 115).events == 0


def test_every_window_is_judged_up_to_the_watermark() -> None:
    assert list(window(100, 101, 102, watermark=104.9).ends(COUNTING, 100)) == [100, 101, 102, 103, 104]


def test_windows_follow_one_another_by_the_width_of_a_bucket() -> None:
    assert list(window(100, 102, 104).ends(rule(window="30s").counting, 102)) == [102, 104]


def test_of_a_silence_only_the_first_empty_window_and_the_last_are_judged() -> None:
    ends = list(window(100, watermark=3700).ends(COUNTING, 100))
    assert ends == [*range(100, 116), 3700]


def test_between_two_stretches_of_events_the_silence_is_short_to_judge() -> None:
    assert list(window(100, 500).ends(COUNTING, 114)) == [114, 115, 500]


def test_buckets_ahead_of_the_watermark_wait() -> None:
    ahead = window(100, 460, watermark=130)
    assert list(ahead.ends(COUNTING, 129)) == [130]
    assert list(ahead.ends(COUNTING, 131)) == []


def test_trouble_began_with_the_first_bad_event_of_the_first_bucket_at_the_opening_ratio() -> None:
    merged = Window()
    merged.merge(0, 104, [(100, 100, 1, 1, 100.5), (101, 100, 4, 3, 101.2), (102, 100, 5, 4, 102.7), (103, 100, 90, 50, 103.1)])
    merged.merge(1, 104, [(102, 10, 1, 1, 102.3)])
    assert merged.beginning(COUNTING, 104, dense_in(merged)) == (102, 102.3)


def test_trouble_that_is_nowhere_dense_began_with_its_first_bad_event() -> None:
    merged = Window()
    merged.merge(0, 104, [(100, 100, 0, 0, 0.0), (101, 100, 1, 1, 101.9), (103, 100, 4, 3, 103.4)])
    assert merged.beginning(COUNTING, 104, dense_in(merged)) == (101, 101.9)


def test_trouble_began_no_earlier_than_the_window_and_after_what_is_settled() -> None:
    merged = Window()
    merged.merge(0, 115, [(100, 10, 9, 9, 100.1), (101, 10, 9, 9, 101.1), (115, 10, 9, 9, 115.1)])
    assert merged.beginning(COUNTING, 115, dense_in(merged)) == (101, 101.1)
    assert merged.beginning(COUNTING, 115, dense_in(merged), after=101) == (115, 115.1)
    assert merged.counts(COUNTING, 115, after=101) == Counts(events=10, bad=9, customers=9)


def test_in_a_window_of_a_day_trouble_began_with_its_first_bad_event_and_not_96_minutes_earlier() -> None:
    daily, merged = rule(window="24h").counting, Window()
    merged.merge(0, 5760 * 20 + 5000, [(5760 * 20, 100, 90, 50, 5760 * 20 + 4321.5)])
    assert merged.beginning(daily, 5760 * 20, dense_in(merged, daily)) == (5760 * 20, 5760 * 20 + 4321.5)


def test_without_the_time_of_a_first_bad_event_trouble_began_with_its_bucket() -> None:
    merged = Window()
    merged.merge(0, 104, [(102, 100, 90, 50)])
    assert merged.beginning(COUNTING, 104, dense_in(merged)) == (102, 102.0)


def test_a_window_is_over_at_the_end_of_its_last_bucket_or_at_the_watermark_within_it() -> None:
    wide = window(100, 104, watermark=105.5)
    assert [wide.until(rule(window="60s").counting, end) for end in (100, 104)] == [104.0, 105.5]


def test_buckets_are_kept_for_four_windows_and_later_reports_of_older_ones_are_left_out() -> None:
    kept = oldest(COUNTING, judged_to=159)
    assert (KEPT, kept) == (4, 100)
    held = window(99, 100, watermark=159)
    held.forget(kept)
    assert list(held.buckets) == [100]
    assert held.merge(1, 159, [(99, 5, 5, 5)], kept) is None
    assert held.merge(1, 159, [(100, 5, 5, 5)], kept) == 100
    assert list(held.buckets) == [100]
