"""Reads a message clause by clause, and finds where components are named and where trouble is spoken of. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from services.ticketing.matching.words import CANNOT, DID_NOT, NOT, Words, alike, clauses, stems, words_of
from shared.catalog import Catalog

MOST_CLAUSES, MOST_WORDS = 40, 500  # of a message are read

NONE_OF = stems("no not without zero never kein keine keinen ohne")  # before a word of trouble: there is none


@dataclass(frozen=True, slots=True)
class Mention:
    """Words of a clause that name a component."""

    start: int
    end: int  # behind the last one
    component: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Words of a clause that speak of trouble."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Spoken:
    """One clause: as it was written, as words, and what is found in them."""

    written: str
    words: Words
    mentions: tuple[Mention, ...]
    troubles: tuple[Trouble, ...]

    def of(self, component: str) -> tuple[Mention, ...]:
        """Returns the places where the clause names this component."""
        return tuple(mention for mention in self.mentions if mention.component == component)

    @property
    def components(self) -> frozenset[str]:
        return frozenset(mention.component for mention in self.mentions)


def read(component: str, texts: Iterable[str], catalog: Catalog) -> list[Spoken]:
    """Returns the clauses of a message's texts. Components are those of the catalog and the one that is asked for."""
    names = {each: called(each, catalog) for each in dict.fromkeys((component, *catalog.components))}
    troubles = _phrases(catalog.trouble)
    written = _first([each for text in texts for each in clauses(text)][:MOST_CLAUSES])
    return [Spoken(text, words, tuple(_mentions(words, names)), tuple(_troubles(words, troubles))) for text, words in written]


def _first(written: Iterable[tuple[str, Words]]) -> Iterator[tuple[str, Words]]:
    """Cuts a message after its first MOST_WORDS words."""
    left = MOST_WORDS
    for text, words in written:
        if left > 0:
            yield text, words[:left]
        left -= len(words)


def called(component: str, catalog: Catalog) -> tuple[Words, ...]:
    """Returns the words of everything a component is called; one that is not in the catalog is called by its id."""
    return _phrases(catalog.names(component))


def _mentions(words: Words, names: dict[str, tuple[Words, ...]]) -> Iterator[Mention]:
    """Finds the names of components: "Log in" and "login" are the same, and so is a name with a typing mistake in it."""
    for component, known in names.items():
        for name in known:
            joined = "".join(name)
            for length in {1, len(name), len(name) + 1}:
                for start in range(len(words) - length + 1):
                    said = "".join(words[start : start + length])
                    if said == joined or (length == len(name) and alike(said, joined)):
                        yield Mention(start, start + length, component)


def _troubles(words: Words, phrases: Sequence[Words]) -> Iterator[Trouble]:
    """Finds the phrases of trouble: their words may come in any order and with one more word in between; all negations count alike."""
    words = tuple(NOT if word in (CANNOT, DID_NOT) else word for word in words)
    for phrase in phrases:
        width = len(phrase) + (len(phrase) > 1)
        for start in range(len(words) - len(phrase) + 1):
            window = words[start : start + width]
            if window[0] in phrase and set(phrase) <= set(window) and not (len(phrase) == 1 and _is_denied(words, start)):
                yield Trouble(start, start + max(at for at, word in enumerate(window, 1) if word in phrase))


def _is_denied(words: Words, at: int) -> bool:
    return bool(NONE_OF.intersection(words[max(0, at - 2) : at]))


@lru_cache(maxsize=1000)
def _phrases(said: tuple[str, ...]) -> tuple[Words, ...]:
    return tuple(dict.fromkeys(words for words in map(words_of, said) if words))
