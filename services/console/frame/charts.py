"""Draws lines over time as SVG, with the same figures as a table beside them, and bars. Pure: the same points give the same bytes.

pygal computes the drawing. What it adds for itself (styles, a script, an id by chance) is taken out, since pages allow no inline
style or script. `forewarn.css` colours the classes that remain, for light and dark.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pygal
from markupsafe import Markup, escape

from services.console.frame.words import ABSENT, exact, number

# pygal adds a finder to every later import, in a form that Python has dropped; it is for plug-ins, which there are none of.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != pygal.__name__]

Points = Sequence[tuple[datetime, float | None]]  # in the order of time; None is a gap

OF_PYGAL = frozenset({"style", "script", "defs", "desc", "title"})
KEPT = frozenset({"class", "d", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height", "transform", "viewBox", "xmlns"})
MOST = 240  # points that are drawn: a picture has not more columns that one can tell apart
LISTED = 60  # rows of the table: the latest
SIZE = {"width": 640, "height": 220}
BARE: Mapping[str, Any] = {"margin": 4, "js": (), "css": (), "show_legend": False, "no_data_text": "", "disable_xml_declaration": True}


@dataclass(frozen=True)
class Chart:
    """Is what a chart says beside its lines."""

    title: str
    unit: str = ""  # of the values, as in `%` or `s`
    places: int = 1  # decimal places of the values


def evidence(points: Points, threshold: float | None, title: str, *, unit: str = "", places: int = 1) -> Markup:
    """Draws one measured value over time, with the threshold that it must not cross as a second line where there is one."""
    named: dict[str, Points] = {"measured": points}
    if threshold is not None and len({at for at, _ in points}) == 1:
        return _figure(Chart(title, unit, places), named | {"threshold": [(points[0][0], threshold)]}, named, threshold)
    if threshold is not None and points:
        named["threshold"] = [(points[0][0], threshold), (points[-1][0], threshold)]
    return _figure(Chart(title, unit, places), named, {"measured": points}, threshold)


def lines(named: Mapping[str, Points], title: str, *, unit: str = "", places: int = 0) -> Markup:
    """Draws some values over the same time, each with its name."""
    return _figure(Chart(title, unit, places), named, named, None)


def bars(named: Mapping[str, float], title: str) -> Markup:
    """Draws a few values of one kind as bars below each other, each with its figure."""
    bar = pygal.HorizontalBar(**SIZE | {"height": 40 + 40 * len(named)}, **BARE)
    for name, value in named.items():
        bar.add(name, [value])
    tree = bar.render_tree()
    _clean(tree)
    tree.set("role", "img")
    tree.set("aria-label", f"{title}: " + "; ".join(f"{name}: {number(value)}" for name, value in named.items()))
    listed = Markup("").join(
        Markup('<li class="line-{}">{}: <strong>{}</strong></li>').format(at, name, number(value))
        for at, (name, value) in enumerate(named.items())
    )
    drawn = Markup(ElementTree.tostring(tree, encoding="unicode"))  # noqa: S704  the serializer escapes every text
    return Markup('<figure class="chart"><figcaption>{}</figcaption>{}<ul class="names">{}</ul></figure>').format(title, drawn, listed)


def _figure(chart: Chart, drawn: Mapping[str, Points], listed: Mapping[str, Points], threshold: float | None) -> Markup:
    if not any(value is not None for points in listed.values() for _, value in points):
        return Markup('<figure class="chart"><figcaption>{}</figcaption><p class="empty">No figures yet.</p></figure>').format(chart.title)
    names = Markup("").join(
        Markup('<li class="line-{}">{}</li>').format(at, _named(name, chart, threshold)) for at, name in enumerate(drawn)
    )
    return Markup('<figure class="chart"><figcaption>{}</figcaption>{}<ul class="names">{}</ul>{}</figure>').format(
        chart.title, _picture(chart, drawn, listed, threshold), names, _table(chart, listed)
    )


def _named(name: str, chart: Chart, threshold: float | None) -> str:
    return f"{name}: {_said(threshold, chart)}" if name == "threshold" and threshold is not None else name


def _said(value: float | None, chart: Chart) -> str:
    return ABSENT if value is None else f"{number(value, chart.places)}{' ' if chart.unit else ''}{chart.unit}"


# ── the picture ──────────────────────────────────────────────────────────────────────────────


def _picture(chart: Chart, drawn: Mapping[str, Points], listed: Mapping[str, Points], threshold: float | None) -> Markup:
    moments = {at for points in drawn.values() for at, _ in points}
    tree = (_line if len(moments) > 1 else _bars)(chart, drawn).render_tree()
    _clean(tree)
    tree.set("role", "img")
    tree.set("aria-label", _in_words(chart, listed, threshold))
    return Markup(ElementTree.tostring(tree, encoding="unicode"))  # noqa: S704  the serializer escapes every text


def _line(chart: Chart, drawn: Mapping[str, Points]) -> pygal.DateTimeLine:
    moments = [at.astimezone(UTC) for points in drawn.values() for at, _ in points]
    first, span = min(moments), max(moments) - min(moments)
    form = "%H:%M:%S" if span < timedelta(minutes=8) else "%H:%M" if span < timedelta(days=2) else "%d %b"
    line = pygal.DateTimeLine(
        **SIZE,
        **BARE,
        show_dots=False,
        include_x_axis=True,
        x_value_formatter=lambda at: at.strftime(form),
        value_formatter=lambda value: _said(value, chart),
    )
    line.x_labels = sorted({first + span * part / 4 for part in range(5)})
    for name, points in drawn.items():
        line.add(name, [(at.astimezone(UTC), value) for at, value in _thinned(points)], allow_interruptions=True)
    return line


def _bars(chart: Chart, drawn: Mapping[str, Points]) -> pygal.HorizontalBar:
    """Draws the values of one moment, of which there is no line to draw, as bars beside each other."""
    bars = pygal.HorizontalBar(
        width=SIZE["width"],
        height=SIZE["height"] // 2,
        value_formatter=lambda value: _said(value, chart),
        **BARE,
    )
    for name, points in drawn.items():
        bars.add(name, [points[-1][1]])
    return bars


def _thinned(points: Points) -> Points:
    """Returns at most so many points as can be told apart: of each group of neighbours the highest, since peaks are what matters."""
    size = -(-len(points) // MOST)
    groups = (points[at : at + size] for at in range(0, len(points), max(size, 1)))
    return [max(group, key=lambda point: float("-inf") if point[1] is None else point[1]) for group in groups]


def _clean(element: ElementTree.Element) -> None:
    """Takes out what pygal adds for its own script and styles, and the attributes that are no shape and no place."""
    for child in list(element):
        if not isinstance(child.tag, str) or child.tag.rpartition("}")[2] in OF_PYGAL or "overlay" in child.get("class", ""):
            element.remove(child)
        else:
            _clean(child)
    for name in set(element.keys()) - KEPT:
        del element.attrib[name]


def _in_words(chart: Chart, listed: Mapping[str, Points], threshold: float | None) -> str:
    """Returns what somebody who does not see the picture should know of it."""
    said = [f"{name}: {_course(points, chart)}" for name, points in listed.items()]
    if threshold is not None:
        said.append(f"the threshold is {_said(threshold, chart)}")
    return f"{chart.title}: " + "; ".join(said)


def _course(points: Points, chart: Chart) -> str:
    values = [value for _, value in points if value is not None]
    if not values:
        return "no figures"
    return f"from {_said(values[0], chart)} to {_said(values[-1], chart)}, at most {_said(max(values), chart)}"


# ── the figures ──────────────────────────────────────────────────────────────────────────────


def _table(chart: Chart, listed: Mapping[str, Points]) -> Markup:
    values = {name: dict(points) for name, points in listed.items()}
    moments = sorted({at for points in listed.values() for at, _ in points}, reverse=True)[:LISTED]
    heads = Markup("").join(Markup('<th scope="col">{}</th>').format(name) for name in listed)
    rows = Markup("").join(
        Markup('<tr><th scope="row"><time datetime="{}">{}</time></th>{}</tr>').format(
            at.isoformat(), exact(at), Markup("").join(Markup("<td>{}</td>").format(_said(of.get(at), chart)) for of in values.values())
        )
        for at in moments
    )
    return Markup(
        '<details><summary>The figures</summary><table class="dense"><caption class="quiet">{}, latest first</caption>'
        '<thead><tr><th scope="col">at</th>{}</tr></thead><tbody>{}</tbody></table></details>'
    ).format(escape(chart.title), heads, rows)
