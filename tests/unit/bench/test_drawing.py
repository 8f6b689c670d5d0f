"""The picture of the benchmark: each figure is there, and the bars are as long as they must be."""

from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest

from bench.monitor.drawing import BARS, Missing, drawn

FOUND = {
    "events_per_s": 200_000, "bare_events_per_s": 400_000, "ratio": 0.5, "ratio_12_rules": 0.25, "two_replicas_ratio": 1.5,
    "cost_1m_to_10k_customers": 2.0, "cost_10k_to_10_incidents": 1.0, "cost_50_to_1_rules": 1.5,
    "opened_p50_s": 0.5, "opened_p99_s": 1.0, "told_after_p50_s": 2.0, "told_after_p99_s": 4.0, "alertmanager_p50_s": 100.0,
}  # fmt: skip
SVG = "{http://www.w3.org/2000/svg}"


def elements(name: str) -> Iterator[ET.Element]:
    return ET.fromstring(drawn(FOUND)).iter(SVG + name)  # noqa: S314  it is ours


def bars() -> list[float]:
    return [float(bar.attrib["width"]) for bar in elements("rect")]


def test_bars_of_rates_and_costs_are_in_proportion() -> None:
    assert bars()[:7] == [BARS, BARS / 2, BARS / 4, BARS * 0.75, BARS, BARS / 2, BARS * 0.75]


def test_times_are_logarithmic_and_doubling_adds_the_same_length() -> None:
    p50, p99, told, told_p99, alertmanager = bars()[7:]
    assert alertmanager == BARS
    assert p50 == pytest.approx(p99 - p50, abs=0.2) == pytest.approx(told - p99, abs=0.2) == pytest.approx(told_p99 - told, abs=0.2)


def test_every_figure_is_said_in_words() -> None:
    said = [text.text for text in elements("text") if text.get("class") == "figure"]
    assert said == ["400,000", "200,000", "100,000", "300,000", "2.00", "1.00", "1.50", "0.50 s", "1.00 s", "2.00 s", "4.00 s", "100 s"]


@pytest.mark.parametrize("figure", sorted(FOUND.keys() - {"ratio"}))
def test_a_figure_that_was_not_measured_is_named(figure: str) -> None:
    with pytest.raises(Missing, match=figure):
        drawn({name: value for name, value in FOUND.items() if name != figure})
