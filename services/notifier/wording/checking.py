"""A template is checked, compiled and filled in with samples. `bounded.py` does this in a child process; the words are its operator's."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.parsers import expat

from mjml import mjml2html

from services.notifier.wording import markup
from services.notifier.wording.forms import ITEM, SHORT, UNDER, Form
from services.notifier.wording.language import (
    LARGEST,
    PAGE_FIELDS,
    TEXT_FIELDS,
    TooLong,
    Unsayable,
    compiled,
    filled,
    mistakes,
)
from services.notifier.wording.samples import sample_fields

INCLUDES = 50  # parts that one page may include, those that these include counted too

Places = list[tuple[int, str]]

_include = re.compile(r"<mj-include\s+path=\"([^\"]*)\"\s*/>")
_tag = re.compile(r"<(mj-[a-z-]+)")
TAGS = frozenset(
    {
        *("mj-head", "mj-attributes", "mj-all", "mj-class", "mj-breakpoint", "mj-preview", "mj-style", "mj-title", "mj-html-attributes"),
        *("mj-body", "mj-wrapper", "mj-section", "mj-group", "mj-column", "mj-text", "mj-button", "mj-image", "mj-divider", "mj-spacer"),
        *("mj-table", "mj-hero", "mj-social", "mj-social-element", "mj-raw", "mj-include"),
    }
)  # of MJML; others come out as they stand, and no mail program knows them


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of a template: HTML with fields in it, for a page; and each line that is wrong, and why."""

    page: str = ""
    places: tuple[tuple[int, str], ...] = ()


def split(text: str) -> tuple[str, str]:
    """Returns subject and body of a text that begins with `Subject: `. Raises Unsayable when it does not."""
    first, _, rest = text.partition("\n")
    name, colon, subject = first.partition(":")
    if name.strip().lower() != "subject" or not colon or not subject.strip():
        raise Unsayable([(1, "the first line is `Subject: …`")])
    if not rest.strip():
        raise Unsayable([(2, "after the subject and an empty line stands the text")])
    return subject.strip(), rest


def has_subject(name: str) -> bool:
    """Says whether a text begins with its subject: not the short ones and those of a digest, and not what stands under a mail."""
    return name not in UNDER and not name.endswith((f".{SHORT}", f".{ITEM}"))


def check(name: str, form: Form, text: str, parts: Mapping[str, str]) -> Checked:
    """Returns the template's page, if it is one, and all its mistakes."""
    try:
        if form is Form.TEXT:
            _check_text(name, text)
            return Checked()
        return Checked(_page(name, form, text, parts))
    except Unsayable as error:
        return Checked(places=error.places)
    except TooLong:
        return Checked(places=((1, f"filled in it has more than {LARGEST:,} characters"),))
    except (MemoryError, RecursionError) as error:
        return Checked(places=((1, f"it cannot be read: {type(error).__name__}"),))


def _check_text(name: str, text: str) -> None:
    _refuse(mistakes(text, TEXT_FIELDS))
    for part in split(text) if has_subject(name) else (text,):
        template = compiled(part, TEXT_FIELDS, html=False)
        for empty in (False, True):
            filled(template, sample_fields(empty=empty))


def _page(name: str, form: Form, text: str, parts: Mapping[str, str]) -> str:
    """Returns the page as HTML in short lines. A part alone is only read."""
    _refuse(mistakes(text, PAGE_FIELDS) or markup.refused(text))
    if form is Form.MJML:
        unknown = [each for each in _tag.finditer(text) if each[1] not in TAGS]
        _refuse([(text.count("\n", 0, each.start()) + 1, f"<{each[1]}> is none of {', '.join(sorted(TAGS))}") for each in unknown])
    if name.startswith("_"):
        return ""
    page = markup.in_short_lines(markup.ascii_only(_html_of(text, parts) if form is Form.MJML else text))
    if len(page) > LARGEST:
        raise TooLong
    _refuse([(1, f"in its HTML: {what}") for what in dict.fromkeys(what for _, what in _all_refused(page))])
    template = compiled(page, PAGE_FIELDS, html=True)
    for empty in (False, True):
        filled(template, sample_fields(empty=empty))
    return page


def _all_refused(page: str) -> Places:
    return mistakes(page, PAGE_FIELDS, longest=LARGEST) or markup.refused(page)


def _html_of(text: str, parts: Mapping[str, str]) -> str:
    try:
        return str(mjml2html(_with_parts(text, parts), disable_comments=True, fonts={}))
    except ValueError as error:
        raise Unsayable([_where(text, str(error))]) from None


def _with_parts(text: str, parts: Mapping[str, str]) -> str:
    """Returns the page with its parts in their places: the compiler includes them too, but forgets there how wide the page is."""
    for _ in range(INCLUDES):
        found = _include.search(text)
        if found is None:
            return text
        if found[1] not in parts:
            raise Unsayable([(text.count("\n", 0, found.start()) + 1, f"{found[1]} is no part beside this page or above it")])
        text = text[: found.start()] + parts[found[1]] + text[found.end() :]
        if len(text) > LARGEST:
            raise TooLong
    raise Unsayable([(1, f"more than {INCLUDES} parts are included: one may include itself")])


def _where(text: str, said: str) -> tuple[int, str]:
    """Returns the line of what is no XML, which the compiler does not say."""
    try:
        expat.ParserCreate().Parse(text.encode(), True)
    except expat.ExpatError as error:
        return error.lineno, f"this is no MJML: {expat.ErrorString(error.code)}"
    return 1, f"this is no MJML: {said}"


def _refuse(places: Places) -> None:
    if places:
        raise Unsayable(places)
