"""HTML that mail programs may show: what a template of it must not hold, and how text becomes a part of it. Pure.

Links lead to web pages and mailboxes only. Nothing runs, nothing is a form, and no field stands where escaping does not hold it.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from jinja2 import Environment
from jinja2.lexer import Lexer
from markupsafe import escape

from services.notifier.wording.language import LINKS

SCHEMES = ("https://", "http://", "mailto:")
LINE = 400  # characters after which the next tag gets a line end
SHOWN = 60  # characters of a link that are shown

_address = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")
_control_but_newline = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]").sub
_unprintable = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]").search
_is_link = re.compile(r"(?:https?://|mailto:)[^\s<>\"'\x00-\x1f\x7f-\x9f]+", re.IGNORECASE).fullmatch


def linked(text: str, shown: int | None = None) -> str:
    """Returns the text as HTML, all of it escaped, with web addresses as links; of an address at most `shown` characters are seen."""
    if "://" not in text:
        return escaped(text)
    said, at = [], 0
    for found in _address.finditer(text):
        url = found.group()
        seen = url if shown is None or len(url) <= shown else f"{url[: shown - 1]}…"
        said += [escaped(text[at : found.start()]), f'<a href="{escape(url)}">{escape(seen)}</a>']
        at = found.end()
    return "".join([*said, escaped(text[at:])])


def escaped(text: str) -> str:
    """Returns the text as HTML, in its lines."""
    return str(escape(text)).replace("\n", "<br>\n")


def printable(text: str) -> str:
    """Returns the text with its lines, without other control characters, and without halves of characters."""
    if not _unprintable(text):
        return text
    return _control_but_newline("", text.replace("\r\n", "\n").replace("\r", "\n")).encode("utf-8", "replace").decode()


def paragraphs(text: str) -> str:
    """Returns the text as paragraphs of HTML, which are parted where it has empty lines."""
    return "\n".join(f"<p>{linked(each.strip(), SHOWN)}</p>" for each in text.split("\n\n") if each.strip())


def link(said: str) -> str:
    """Returns an address that may stand in a link; nothing for any other."""
    return said if _is_link(said) else ""


def is_whole_link(text: str) -> bool:
    """Says whether all of it is one web address, wherever it stands in a text."""
    return _address.fullmatch(text) is not None and link(text) == text


def ascii_only(page: str) -> str:
    """Returns the page with character references beyond ASCII, so that no transfer encoding makes it longer."""
    return page if page.isascii() else page.encode("ascii", "xmlcharrefreplace").decode()


_tag = re.compile(r"<[a-zA-Z][^<>]*>")


def in_short_lines(page: str) -> str:
    """Returns the page with line ends between attributes, as far apart as may be: mail has lines of at most 998 octets (RFC 5322, 2.1.1).

    There is room in each for what is filled in.
    """
    said, start = [], 0
    for tag in _tag.finditer(page):
        if tag.end() - max(start, page.rfind("\n", 0, tag.end()) + 1) > LINE and (gap := tag.group().rfind('" ')) > 0:
            said += [page[start : tag.start() + gap + 1], "\n"]
            start = tag.start() + gap + 2
    return "".join([*said, page[start:]])


# ── what is refused ──────────────────────────────────────────────────────────────────────────

TAGS = frozenset(
    {
        *("script", "iframe", "frame", "frameset", "object", "embed", "applet", "form", "input", "button", "textarea", "select"),
        *("base", "link", "svg", "math", "template", "video", "audio", "source", "mj-font"),
    }
)  # they run, ask, load or change what all links mean
ADDRESSES = frozenset(
    {
        *("href", "src", "action", "formaction", "background", "background-url", "srcset", "poster", "data", "cite", "longdesc"),
        *("ping", "xlink:href", "thumbnails-src", "lowsrc", "dynsrc", "manifest"),
    }
)
STYLES = frozenset({"style", "mj-style"})
MAY_NAME = frozenset({"href", "alt", "title", "aria-label", "lang"})  # attributes in which a field may stand

FIELD, STATEMENT = "\ue000{}\ue001", "\ue002"  # private characters, for what Jinja2 replaces
_loads = re.compile(r"url\s*\(|expression\s*\(|behavior\s*:", re.IGNORECASE).search
_private = re.compile("[\ue000-\ue002]")
_quoted = re.compile(r"\"[^\"]*\"|'[^']*'")
_place = re.compile("\ue000(\\d+)\ue001")
_half_tag = re.compile("<[/!]?[\ue000\ue002]")


def refused(source: str) -> list[tuple[int, str]]:
    """Returns each line of HTML or MJML (with fields) on which something stands that must not, and what.

    Raises TemplateSyntaxError for what Jinja2 cannot read.
    """
    if _private.search(source):
        return [(1, "the characters U+E000 to U+E002 are not for use")]
    text, expressions = _marked(source)
    looking = _Looking(text, expressions)
    looking.look()
    return sorted(set(looking.places))


def _marked(source: str) -> tuple[str, list[str]]:
    """Returns the markup with a mark for each expression and statement, as Jinja2 itself takes it apart; and the expressions."""
    said: list[str] = []
    expressions: list[str] = []
    inside = ""
    for _, token, value in Lexer(Environment(autoescape=True)).tokeniter(source, None):
        match token:
            case "data":
                said.append(value)
            case "variable_begin" | "block_begin" | "comment_begin" | "raw_begin":
                inside = ""
            case "variable_end":
                said.append(FIELD.format(len(expressions)) + "\n" * inside.count("\n"))
                expressions.append(inside.strip())
            case "block_end" | "comment_end" | "raw_end":
                said.append(STATEMENT + "\n" * inside.count("\n"))
            case _:
                inside += value
    return "".join(said), expressions


class _Looking(HTMLParser):
    """Reads markup with marks for what Jinja2 replaces, and notes what must not be there."""

    def __init__(self, text: str, expressions: list[str], line: int = 0) -> None:
        super().__init__(convert_charrefs=True)
        self.places: list[tuple[int, str]] = []
        self._text, self._expressions, self._line, self._style = text, expressions, line, False

    def look(self) -> None:
        for found in _half_tag.finditer(self._text):
            self.places.append((self._line + self._text.count("\n", 0, found.start()) + 1, "no field or statement makes a tag"))
        self.feed(self._text)
        self.close()

    def _refuse(self, what: str) -> None:
        self.places.append((self._line + self.getpos()[0], what))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._style = tag in STYLES
        if tag in TAGS:
            self._refuse(f"<{tag}> has no place in a mail")
        raw = self.get_starttag_text() or ""
        if "\ue000" in _quoted.sub("", raw):
            self._refuse("a field in a tag stands in quotes, as the value of an attribute")
        if STATEMENT in raw:
            self._refuse("no statement stands inside a tag: put whole tags into both branches")
        for name, value in attrs:
            for what in _attribute_refused(tag, name, value or "", self._expressions):
                self._refuse(what)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._style = False

    def handle_endtag(self, tag: str) -> None:
        self._style = self._style and tag not in STYLES

    def handle_data(self, data: str) -> None:
        if self._style and (_private.search(data) or "@import" in data.lower() or _remote(data)):
            self._refuse("a style names no field, imports nothing and loads nothing")

    def handle_comment(self, data: str) -> None:
        """Looks into comments, too: Outlook reads what stands in those with a condition."""
        inner = _Looking(data.partition("]>")[2], self._expressions, self._line + self.getpos()[0] - 1)
        inner.look()
        self.places += inner.places


def _remote(style: str) -> bool:
    return _loads(style) is not None


def _attribute_refused(tag: str, name: str, value: str, expressions: list[str]) -> Iterator[str]:
    named = [expressions[int(each)] for each in _place.findall(value)]
    if name.startswith("on"):
        yield f"{name} would run a program"
    if name == "style" and _remote(value):
        yield "a style loads nothing"
    if name == "http-equiv" and value.strip().lower() == "refresh":
        yield "a mail leads nowhere by itself"
    if named and name not in MAY_NAME:
        yield f"a field may stand in {', '.join(sorted(MAY_NAME))} and not in {name}"
    if name in ADDRESSES and not (tag == "mj-include" or _leads_well(value, named)):
        yield f"{name} leads to https://, http:// or mailto:, or is one of the fields {', '.join(sorted(LINKS))}"


def _leads_well(value: str, named: list[str]) -> bool:
    """Says whether an address is a web page's or a mailbox's: as it stands there, or as a field of which we know that it is."""
    if len(named) == 1 and named[0] in LINKS and _place.fullmatch(value):
        return True
    start = _place.split(value)[0]  # a field may not choose the host
    scheme = next((each for each in SCHEMES if start.lower().startswith(each)), None)
    return value.startswith("#") or (scheme is not None and (not named or scheme == "mailto:" or "/" in start[len(scheme) :]))
