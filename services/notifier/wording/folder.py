"""Reads the folders of templates: which files count, by their names. What they say, `checking.py` looks at.

    templates/layout.mjml            the HTML of every mail that has none of its own
    templates/_NAME.mjml             a part that pages include, also in a folder of a locale
    templates/de/opened.txt          words: `Subject: …`, an empty line, the text
    templates/de/opened.CHANNEL.txt  the same for one channel
    templates/de/opened.short.txt    in at most a few lines, for SMS
    templates/de/opened.digest.txt   under its subject in a digest
    templates/de/opened.mjml         the HTML of the mail; or opened.html, if it is HTML already
    templates/de/footer.txt          what stands under every mail we send without being asked
    templates/de/helped.txt          the question whether it helped, under all-clears and guidance

An operator's own folder comes before the shipped one.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from services.notifier.wording.forms import LAYOUT, UNDER, Event, Form
from services.notifier.wording.language import SOURCE
from services.notifier.wording.locales import is_locale
from shared.configuration.files import ConfigError, content_of

FOLDER = "templates"
MOST = 1000  # files of one folder
HIDDEN = (".", "README")  # how names begin that are nobody's


@dataclass(frozen=True, slots=True)
class Source:
    """A file of templates. `locale` is empty outside of a locale's folder."""

    path: Path
    locale: str
    name: str
    form: Form
    text: str

    @property
    def is_part(self) -> bool:
        return self.name.startswith("_")


_text_name = re.compile(rf"(?:(?:{'|'.join(Event)})(?:\.[a-z]{{1,20}})?|{'|'.join(UNDER)})").fullmatch
_page_name = re.compile(rf"(?:{'|'.join(Event)}|{LAYOUT}|_[a-z0-9_-]{{1,40}})").fullmatch


def sources(folder: Path) -> list[Source]:
    """Returns the templates of a folder; none where there is no such folder. Raises ConfigError with every file that is none."""
    if not folder.is_dir():
        return []
    found, wrong = [], []
    for path in _files(folder):
        try:
            found.append(_source(path, folder))
        except ConfigError as error:
            wrong.append(str(error))
    if wrong:
        raise ConfigError("\n".join(wrong))
    return found


def parts_for(page: Source, folders: Sequence[Sequence[Source]]) -> Mapping[str, str]:
    """Returns the parts that a page may include, by the names of their files: the first folder's come first, and the locale's own."""
    parts: dict[str, str] = {}
    for folder in folders:
        for locale in dict.fromkeys((page.locale, "")):
            for each in folder:
                if each.is_part and each.locale == locale:
                    parts.setdefault(each.path.name, each.text)
    return parts


def _files(folder: Path) -> Iterator[Path]:
    try:
        paths = sorted(islice((path for path in folder.rglob("*") if not path.is_dir()), MOST + 1))
    except OSError as error:
        raise ConfigError(f"{folder}: {error.strerror}") from None
    if len(paths) > MOST:
        raise ConfigError(f"{folder}: more than {MOST:,} files")
    return (path for path in paths if not path.name.startswith(HIDDEN))


def _source(path: Path, folder: Path) -> Source:
    *above, _ = path.relative_to(folder).parts
    locale, name, form = "/".join(above), path.stem, path.suffix.removeprefix(".")
    if locale and not is_locale(locale):
        raise ConfigError(f"{path}: {locale} is no locale as BCP 47 and CLDR have it, such as de or de-AT")
    if form == Form.TEXT and _text_name(name) and locale:
        return Source(path, locale, name, Form.TEXT, _text(path))
    if form in (Form.MJML, Form.HTML) and _page_name(name):
        return Source(path, locale, name, Form(form), _text(path))
    raise ConfigError(f"{path}: no template has such a name: LOCALE/EVENT.txt, LOCALE/EVENT.mjml …, with EVENT of {', '.join(Event)}")


def _text(path: Path) -> str:
    raw = content_of(path)
    if len(raw) > SOURCE:
        raise ConfigError(f"{path}:1: a template has at most {SOURCE:,} octets")
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: this is not UTF-8") from None
