"""The templates that count, ready to be filled in: an operator's own ones and the shipped ones, each by locale and event."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from jinja2 import Template

from services.notifier.wording.bounded import Broken, checked
from services.notifier.wording.checking import has_subject, split
from services.notifier.wording.folder import FOLDER, Source, parts_for, sources
from services.notifier.wording.forms import FOOTER, HELPED, LAYOUT, Event, Form
from services.notifier.wording.language import PAGE_FIELDS, TEXT_FIELDS, compiled
from services.notifier.wording.locales import language
from services.notifier.wording.texts import Text, Texts
from shared.configuration.files import ConfigError


@dataclass(frozen=True, slots=True)
class Page:
    """The HTML of a mail. `path`: of its file, for what is said of it."""

    path: Path
    template: Template


@dataclass(frozen=True, slots=True)
class TextTemplate:
    """Words; the short ones and what stands under a mail have no subject."""

    path: Path
    locale: str
    subject: Template | None
    body: Template


@dataclass(frozen=True, slots=True)
class Book:
    """The templates of one folder, by locale and name."""

    texts: Mapping[tuple[str, str], TextTemplate]
    pages: Mapping[tuple[str, str], Page]

    @property
    def locales(self) -> list[str]:
        """Returns the locales in which it has words or pages."""
        return sorted({locale for locale, _ in (*self.texts, *self.pages) if locale})


@dataclass(frozen=True, slots=True)
class Books:
    """All templates. An operator's own words, also in notifications.yml, win over shipped ones."""

    own: Book = Book({}, {})
    shipped: Book = Book({}, {})
    as_shipped: frozenset[Text] = frozenset()  # texts of notifications.yml that nobody changed
    shipped_footer: str = ""
    shipped_helped: str = ""

    def words(self, event: Event, channel: str, locales: Sequence[str], instead_of: Text) -> Iterator[TextTemplate]:
        """Yields the words for an event, the best first; when there are none (left), `instead_of` is said."""
        books = (self.own, self.shipped) if instead_of in self.as_shipped else (self.own,)
        for locale in locales:
            for book in books:
                for name in (f"{event}.{channel}", event):
                    if (found := book.texts.get((locale, name))) is not None:
                        yield found

    def short(self, event: Event, forms: Sequence[str], locale: str, instead_of: Text) -> TextTemplate | None:
        """Returns the words for where the whole ones are too many, in the first of these forms that there is; None: there is none."""
        books = (self.own, self.shipped) if instead_of in self.as_shipped else (self.own,)
        return next((found for book in books for form in forms if (found := book.texts.get((locale, f"{event}.{form}")))), None)

    def footer(self, locale: str, instead_of: str) -> TextTemplate | None:
        """Returns the footer for words in a locale; None: the one of notifications.yml is said."""
        return self._under(FOOTER, locale, as_shipped=instead_of == self.shipped_footer)

    def helped(self, locale: str, instead_of: str) -> TextTemplate | None:
        """Returns the question whether it helped, for words in a locale; None: the one of notifications.yml is asked."""
        return self._under(HELPED, locale, as_shipped=instead_of == self.shipped_helped)

    def _under(self, name: str, locale: str, *, as_shipped: bool) -> TextTemplate | None:
        """Returns what stands under the words. `as_shipped`: notifications.yml changes nothing, so that a shipped template may say it."""
        for each in dict.fromkeys((locale, language(locale))):
            for book in (self.own, self.shipped) if as_shipped else (self.own,):
                if (found := book.texts.get((each, name))) is not None:
                    return found
        return None

    def pages(self, event: Event, locale: str) -> Iterator[Page]:
        """Yields the HTML for words in a locale, the best first."""
        for book in (self.own, self.shipped):
            yield from (found for place in _places(event, locale) if (found := book.pages.get(place)) is not None)


@lru_cache(1024)
def _places(event: Event, locale: str) -> Sequence[tuple[str, str]]:
    """Returns where the page of an event may be, the best place first: its own page in any folder before the layout in any."""
    locales = dict.fromkeys((locale, language(locale), ""))
    return tuple((each, name) for name in (event.value, LAYOUT) for each in locales)


NONE = Books()


def books_of(folders: Sequence[Path], shipped: Texts) -> Books:
    """Returns the templates of the folders (the shipped one is the last) and which texts are as shipped. Raises ConfigError."""
    books = books_in(folders)
    return Books(books[0] if len(books) > 1 else Book({}, {}), books[-1], frozenset(_all_of(shipped)), shipped.footer, shipped.helped)


def _all_of(texts: Texts) -> Iterator[Text]:
    for words in (texts, *texts.symptoms.values(), *texts.rules.values()):
        yield from (each for each in dict(words).values() if isinstance(each, Text))


def books_in(folders: Sequence[Path]) -> list[Book]:
    """Returns the templates of each folder: all are checked in a child process, and those that are fine compiled here.

    Raises ConfigError with each mistake.
    """
    return list(_bound(tuple(tuple(sources(folder / FOLDER)) for folder in folders)))


@lru_cache(2)
def _bound(read: Sequence[Sequence[Source]]) -> Sequence[Book]:
    """Returns the books of templates: those that were checked once need no second child process."""
    jobs = [(each, (each.name, each.form, each.text, _parts(each, read))) for folder in read for each in folder]
    try:
        results = dict(zip([each.path for each, _ in jobs], checked([job for _, job in jobs]), strict=True))
    except Broken as error:
        raise ConfigError(str(error)) from None
    wrong = [f"{path}:{line}: {what}" for path, result in results.items() for line, what in result.places]
    if wrong:
        raise ConfigError("\n".join(wrong))
    return [
        Book(
            {(each.locale, each.name): _text(each) for each in folder if each.form is Form.TEXT},
            {
                (each.locale, each.name): Page(each.path, compiled(results[each.path].page, PAGE_FIELDS, html=True))
                for each in folder
                if each.form is not Form.TEXT and not each.is_part
            },
        )
        for folder in read
    ]


def _parts(page: Source, read: Sequence[Sequence[Source]]) -> Mapping[str, str]:
    return parts_for(page, read) if page.form is Form.MJML and not page.is_part else {}


def _text(source: Source) -> TextTemplate:
    subject, body = split(source.text) if has_subject(source.name) else ("", source.text)
    title = compiled(subject, TEXT_FIELDS, html=False) if subject else None
    return TextTemplate(source.path, source.locale, title, compiled(body, TEXT_FIELDS, html=False))
