"""The language of templates: a part of Jinja2 in which a text can show fields, choose between texts, and do nothing else. Pure.

It has no loops, calls, attributes, arithmetic or assignments. So whatever a template says ends, and is as long as what it shows.
What is filled in runs in Jinja2's immutable sandbox all the same, and its length is bounded.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from services.notifier.wording.locales import WIDTHS, Moment, Width

LARGEST = 100_000  # characters of what a template is filled in to
SOURCE = 64_000  # characters of a template
DEEPEST = 40  # nodes inside each other

TEXT_FIELDS = frozenset(
    {
        *("name", "title", "component", "severity", "started_at", "sender", "subject", "body", "ticket", "unsubscribe", "article"),
        *("host", "helped", "event", "symptom", "rule", "count", "locale", "language", "note"),
        *("workaround", "estimate", "next_update", "worse", "starts_at", "ends_at", "running"),
    }
)  # what any template may name
PAGE_FIELDS = TEXT_FIELDS | {"mail_subject", "paragraphs", "footer"}  # what HTML may name: the words of the same mail, too
OWN = frozenset({"name", "unsubscribe", "helped"})  # fields that differ from customer to customer: words may show them, not hang on them
LINKS = frozenset({"article", "unsubscribe", "helped"})  # fields that are links as a whole

SAID_OF = {nodes.For: "a loop", nodes.Call: "a call", nodes.Getattr: "an attribute", nodes.Getitem: "an index", nodes.Include: "an include"}
ALLOWED: frozenset[type[nodes.Node]] = frozenset(
    {
        *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Tuple, nodes.List, nodes.Filter),
        *(nodes.If, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not),
    }
)
PLAIN_FILTERS = frozenset({"upper", "lower", "capitalize", "trim", "default"})  # of Jinja2; none makes a text much longer
MOMENTS = frozenset({"date", "time", "datetime"})  # ours


_humps = re.compile(r"(?<!^)(?=[A-Z])").sub  # between the words of a class's name
_raw = re.compile(r"\{%[-+]?\s*raw\b")


class Unsayable(Exception):
    """A template cannot be used; each of `places` is a line and what is wrong there."""

    def __init__(self, places: Sequence[tuple[int, str]]) -> None:
        super().__init__("; ".join(f"line {line}: {what}" for line, what in places))
        self.places = tuple(places)


class TooLong(Exception):
    """A template was filled in to more than its limit."""


def _moment(name: str) -> Any:
    def write(value: object, width: Width = "long" if name == "date" else "short") -> str:
        return getattr(value, name)(width) if isinstance(value, Moment) else ""

    return write


def sandbox(*, html: bool) -> ImmutableSandboxedEnvironment:
    """Returns an environment without globals, and without filters that nobody needs; `html`: all that is shown is escaped."""
    made = ImmutableSandboxedEnvironment(autoescape=html, undefined=StrictUndefined, keep_trailing_newline=True, cache_size=0)
    made.globals.clear()
    made.tests.clear()
    made.filters = {name: made.filters[name] for name in PLAIN_FILTERS} | {name: _moment(name) for name in MOMENTS}
    return made


_SANDBOXES = {html: sandbox(html=html) for html in (False, True)}


def compiled(source: str, fields: frozenset[str], *, html: bool) -> Template:
    """Returns the template, ready to be filled in. Raises Unsayable with each mistake."""
    if places := mistakes(source, fields, LARGEST):
        raise Unsayable(places)
    return _SANDBOXES[html].from_string(source)


def filled(template: Template, fields: Mapping[str, object], largest: int = LARGEST) -> str:
    """Returns the text. Raises TooLong as soon as it has more than `largest` characters."""
    pieces, size = [], 0
    for piece in template.root_render_func(template.new_context(dict(fields), shared=True)):
        size += len(piece)
        if size > largest:
            raise TooLong
        pieces.append(piece)
    return "".join(pieces)


# ── what is refused ──────────────────────────────────────────────────────────────────────────


def mistakes(source: str, fields: frozenset[str], longest: int = SOURCE) -> list[tuple[int, str]]:
    """Returns each line of a template at which it leaves the language, and how; none for a template that can be used."""
    if len(source) > longest:
        return [(1, f"a template has at most {longest:,} characters")]
    if raw := _raw.search(source):
        return [(source.count("\n", 0, raw.start()) + 1, "raw is not allowed")]
    try:
        tree = _SANDBOXES[False].parse(source)
        return sorted(set(_refused(tree, fields, 0)))
    except TemplateSyntaxError as error:
        return [(error.lineno, error.message or "this cannot be read")]
    except RecursionError:
        return [(1, f"nested more than {DEEPEST} deep")]


def _refused(node: nodes.Node, fields: frozenset[str], depth: int) -> Iterator[tuple[int, str]]:
    if depth > DEEPEST:
        yield node.lineno or 1, f"nested more than {DEEPEST} deep"
        return
    if type(node) not in ALLOWED:
        yield node.lineno or 1, f"{SAID_OF.get(type(node), _kind(node))} is not allowed: templates show fields, and choose by `if`"
        return
    if isinstance(node, nodes.Name) and node.name not in fields:
        yield node.lineno, f"{node.name} is none of {', '.join(sorted(fields))}"
    if (
        isinstance(node, nodes.Compare)
        and not _asks_whether_empty(node)
        and (own := OWN & {each.name for each in node.find_all(nodes.Name)})
    ):
        yield node.lineno, f"{min(own)} is compared with nothing but '': words are the same for all who read them"
    if isinstance(node, nodes.Filter) and (why := _filter_refused(node)):
        yield node.lineno, why
    for child in node.iter_child_nodes():
        yield from _refused(child, fields, depth + 1)


def _asks_whether_empty(node: nodes.Compare) -> bool:
    return all(each.op in ("eq", "ne") and isinstance(each.expr, nodes.Const) and each.expr.value == "" for each in node.ops)


def _filter_refused(node: nodes.Filter) -> str | None:
    known = PLAIN_FILTERS | MOMENTS
    if node.name not in known:
        return f"the filter {node.name} is none of {', '.join(sorted(known))}"
    if node.node is None or node.kwargs or node.dyn_args or node.dyn_kwargs or len(node.args) > (node.name in MOMENTS | {"default"}):
        return f"the filter {node.name} takes no such arguments"
    width = node.args[0] if node.name in MOMENTS and node.args else None
    if width is not None and not (isinstance(width, nodes.Const) and width.value in WIDTHS):
        return f"the filter {node.name} takes one of {', '.join(WIDTHS)}"
    return None


def _kind(node: nodes.Node) -> str:
    words = _humps(" ", type(node).__name__).lower()
    return f"this ({words})"
