"""Draws times that began and ended as bars on lines below each other, as SVG. Pure: the same times give the same bytes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from markupsafe import Markup

Span = tuple[datetime, datetime]

LEFT, WIDTH, LINE = 200, 800, 26  # where the bars begin, how wide all is, and how high a line is
NAME = 28  # characters of a name beside its line
MOST = 40  # lines


def spans(lines: Mapping[str, Mapping[str, Sequence[Span]]], over: Span, title: str) -> Markup:
    """Draws a line for each name, with the bars of each kind (at most two) above each other; the first and last moment stand below."""
    kinds = list(dict.fromkeys(kind for line in lines.values() for kind in line))
    svg = Element(
        "svg", {"role": "img", "viewBox": f"0 0 {WIDTH} {LINE * (min(len(lines), MOST) + 1)}", "aria-label": _in_words(lines, title)}
    )
    for number, (name, line) in enumerate(list(lines.items())[:MOST]):
        _say(svg, 0, number * LINE + 16, name if len(name) <= NAME else f"{name[: NAME - 1]}…")
        for at, kind in enumerate(kinds):
            for span in line.get(kind, ()):
                left, right = (_place(moment, over) for moment in span)
                place = {"x": f"{left:.1f}", "width": f"{max(right - left, 2):.1f}", "y": str(number * LINE + 4 + at * 10), "height": "8"}
                SubElement(svg, "rect", place | {"class": f"span-{at}"})
    below = LINE * min(len(lines), MOST) + 16
    for x, moment, side in ((LEFT, over[0], "start"), (WIDTH, over[1], "end")):
        _say(svg, x, below, moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")).set("class", side)
    names = Markup("").join(Markup('<li class="span-{}">{}</li>').format(at, kind) for at, kind in enumerate(kinds))
    picture = Markup(ElementTree.tostring(svg, encoding="unicode"))  # noqa: S704  the serializer escapes every text
    figure = Markup('<figure class="chart spans"><figcaption>{}</figcaption>{}<ul class="names">{}</ul></figure>')
    return figure.format(title, picture, names)


def _say(svg: Element, x: int, y: int, words: str) -> Element:
    text = SubElement(svg, "text", {"x": str(x), "y": str(y)})
    text.text = words
    return text


def _place(moment: datetime, over: Span) -> float:
    whole = max((over[1] - over[0]).total_seconds(), 1.0)
    share = (moment - over[0]).total_seconds() / whole
    return LEFT + (WIDTH - LEFT) * min(max(share, 0.0), 1.0)


def _in_words(lines: Mapping[str, Mapping[str, Sequence[Span]]], title: str) -> str:
    said = [f"{name}: {', '.join(f'{kind} {len(found)}' for kind, found in line.items())}" for name, line in list(lines.items())[:MOST]]
    return f"{title}: " + "; ".join(said)
