"""Draws what the benchmark has found, into docs/pictures: `make bench PART=monitor | tee FILE`, `python -m bench.monitor.drawing FILE`.

Bars start at nothing, and of one panel have one scale; times are drawn on a logarithmic one, for they lie far apart.
"""

import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from deploy.local.processes import ROOT

PICTURE = ROOT / "docs/pictures/bench-monitor.svg"
WIDTH, LABELS, BARS = 760, 300, 340  # pixels: of all, of the words before the bars, of the longest bar
ROW, BAR, HEAD = 24, 14, 44

STYLE = """\
text { font: 13px system-ui, sans-serif; fill: #1f2328 } .head { font-weight: 600 } .figure { font-variant-numeric: tabular-nums }
rect { fill: #2f6f9f } .peer { fill: #9aa4ad } line { stroke: #9aa4ad; stroke-dasharray: 3 3 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } rect { fill: #6cb2e3 } .peer { fill: #6e7681 } }"""

Found = Mapping[str, float]


class Missing(ValueError):
    """A figure that is drawn is not in the line."""


@dataclass(frozen=True)
class Bar:
    """One bar: its words, its length, and what stands behind it."""

    words: str
    value: float
    figure: str
    peer: bool = False


@dataclass(frozen=True)
class Panel:
    """Bars of one kind; `share` says which part of the longest bar a value gets. `mark`: a value that a line stands at."""

    head: str
    bars: tuple[Bar, ...]
    share: Callable[[float], float]
    mark: float | None = None

    @property
    def height(self) -> int:
        return HEAD + ROW * len(self.bars)


def panels(found: Found) -> tuple[Panel, ...]:
    """Returns the panels of the picture. Raises Missing for a figure that is not there."""
    try:
        return _rates(found), _costs(found), _times(found)
    except KeyError as error:
        raise Missing(f"there is no {error.args[0]} in the line: measure all rooms") from None


def _rates(found: Found) -> Panel:
    one, bare = found["events_per_s"], found["bare_events_per_s"]
    rates = (
        ("bare loop: consume and decode", bare, True),
        ("one rule, exactly once", one, False),
        ("twelve rules, three on customers", found["ratio_12_rules"] * bare, False),
        ("one rule, two replicas", found["two_replicas_ratio"] * one, False),
    )
    most = max(rate for _, rate, _ in rates)
    bars = (Bar(words, rate, f"{rate:,.0f}", peer) for words, rate, peer in rates)
    return Panel("Events a second", tuple(bars), lambda value: value / most)


def _costs(found: Found) -> Panel:
    costs = {
        "1,000,000 customers to 10,000": found["cost_1m_to_10k_customers"],
        "10,000 open incidents to 10": found["cost_10k_to_10_incidents"],
        "50 rules, of which one matches, to one": found["cost_50_to_1_rules"],
    }
    most = max(*costs.values(), 1.0)
    bars = (Bar(words, cost, f"{cost:.2f}") for words, cost in costs.items())
    return Panel("CPU of an event, as a ratio", tuple(bars), lambda value: value / most, mark=1.0)


def _times(found: Found) -> Panel:
    times = (
        ("the incident's fact is on Kafka, median", found["opened_p50_s"], False),
        ("the same, 99th percentile", found["opened_p99_s"], False),
        ("the customer's mail is accepted, median", found["told_after_p50_s"], False),
        ("the same, 99th percentile", found["told_after_p99_s"], False),
        ("Prometheus and Alertmanager, median", found["alertmanager_p50_s"], True),
    )
    least, most = min(time for _, time, _ in times) / 2, max(time for _, time, _ in times)
    bars = (Bar(words, time, f"{time:.2f} s" if time < 10 else f"{time:.0f} s", peer) for words, time, peer in times)
    return Panel(
        "Seconds after the event that crosses the threshold (logarithmic)",
        tuple(bars),
        lambda value: math.log(value / least) / math.log(most / least),
    )


def drawn(found: Found) -> str:
    """Returns the picture. Raises Missing for a figure that is not there."""
    every = panels(found)
    height = sum(panel.height for panel in every) + 12
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">',
        f"<title>monitor, measured</title><style>{STYLE}</style>",
    ]
    top = 0
    for panel in every:
        lines += _panel(panel, top)
        top += panel.height
    return "\n".join([*lines, "</svg>\n"])


def _panel(panel: Panel, top: int) -> Iterator[str]:
    yield f'<text class="head" x="0" y="{top + HEAD - 16}">{escape(panel.head)}</text>'
    for number, bar in enumerate(panel.bars):
        at, length = top + HEAD + ROW * number, round(panel.share(bar.value) * BARS, 1)
        kind = ' class="peer"' if bar.peer else ""
        yield f'<text x="0" y="{at + 12}">{escape(bar.words)}</text>'
        yield f'<rect{kind} x="{LABELS}" y="{at}" width="{length}" height="{BAR}" rx="2"/>'
        yield f'<text class="figure" x="{LABELS + length + 8:.1f}" y="{at + 12}">{escape(bar.figure)}</text>'
    if panel.mark is not None:
        mark = LABELS + round(panel.share(panel.mark) * BARS, 1)
        yield f'<line x1="{mark}" x2="{mark}" y1="{top + HEAD - 6}" y2="{top + panel.height - 4}"/>'


def main(file: str) -> None:
    """Draws the last line of what the benchmark has printed."""
    *_, last = Path(file).read_text().strip().splitlines()
    PICTURE.write_text(drawn(json.loads(last)))
    print(PICTURE.relative_to(ROOT))


if __name__ == "__main__":
    main(sys.argv[1])
