"""Turns a customer's text into clauses of simple words: quotations are left out, endings are cut, negations look alike. Pure."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from rapidfuzz.distance import OSA

Words = tuple[str, ...]  # in order, without their endings

MOST_CHARACTERS = 4_000  # of one text are read: what it is about is said early

# Mail programs begin the quotation of what somebody else wrote with one of these lines.
QUOTED = re.compile(r"^(>.*|-{2,} ?(original message|ursprüngliche nachricht).*|(on|am|le) .{4,120}(wrote|schrieb|écrit).*:)$", re.I | re.M)
CLAUSE_ENDS = re.compile(
    r"[.!?;:\n]+|,(?!\s*(?:when|while|as|that|because|dass|wenn|weil|sobald|als)\b)|\b(?:and|but|und|aber)\b|\s[-–—]\s", re.I
)
WORD = re.compile(r"[^\W_]+")
APOSTROPHE = re.compile("['’`]")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


ARTICLES = _set("a an the my your our this that der die das den dem ein eine einen einem mein meine meinen euer eure ihre ihr")
ABLE = _set("can could able kan koennen konnt konnten kannst")  # as stems
DID = _set("hav has had did would should hab hat haben wollt")
CANNOT, NOT, DID_NOT = "cannot", "not", "didnot"
CONTRACTIONS = {
    **dict.fromkeys(_set("cant cannot couldnt unable"), CANNOT),
    **dict.fromkeys(_set("dont doesnt isnt arent wont wasnt werent never nicht"), NOT),
    **dict.fromkeys(_set("havent hasnt hadnt didnt wouldnt shouldnt"), DID_NOT),
}


def clauses(text: str) -> list[tuple[str, Words]]:
    """Returns the text's clauses in order, each as it was written and as words; without those that have no word."""
    own = _own_words(text[:MOST_CHARACTERS])
    found = ((" ".join(part.split()), words_of(part)) for part in CLAUSE_ENDS.split(own))
    return [(written, words) for written, words in found if words]


def words_of(text: str) -> Words:
    """Returns the text's words, as they are compared."""
    words = [word for word in WORD.findall(APOSTROPHE.sub("", _plain(text)[:MOST_CHARACTERS])) if word not in ARTICLES]
    return tuple(_negated([CONTRACTIONS.get(word) or stem(word) for word in words]))


def _own_words(text: str) -> str:
    """Returns what the customer wrote themselves; a quotation in the middle of an answer hides what comes after it."""
    quotation = QUOTED.search(text)
    return text[: quotation.start()] if quotation else text


def _plain(text: str) -> str:
    """Returns the text in lower case without accents; umlauts become two letters (`ä` is `ae`)."""
    folded = text.casefold().translate({0xE4: "ae", 0xF6: "oe", 0xFC: "ue"})
    return "".join(each for each in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(each))


def _negated(words: Sequence[str]) -> Iterator[str]:
    """Yields the words, with two that negate made one: "could not", "kann ich mich nicht"."""
    for at, word in enumerate(words):
        if word != NOT:
            yield word
        elif ABLE.intersection(words[max(0, at - 4) : at]):
            yield CANNOT
        else:
            yield DID_NOT if DID.intersection(words[max(0, at - 1) : at]) else NOT


def stems(words: str) -> frozenset[str]:
    """Returns these words as a set, as they are compared."""
    return frozenset(stem(word) for word in words.split())


def stem(word: str) -> str:
    """Returns the word without the endings of English: `uploads`, `uploaded` and `uploading` are `upload`."""
    for ending, shortest in (("ing", 6), ("ed", 5), ("es", 5), ("s", 4)):
        if word.endswith(ending) and len(word) >= shortest and not word.endswith("ss"):
            word = word.removesuffix(ending)
            break
    if len(word) > 3:
        word = word.removesuffix("e")
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


def alike(said: str, known: str) -> bool:
    """Says whether a word is meant although it is mistyped: one mistake in six letters, two in ten, never the first."""
    mistakes = 0 if len(known) < 6 else 1 if len(known) < 10 else 2
    return said == known or (said[:1] == known[:1] and OSA.distance(said, known, score_cutoff=mistakes) <= mistakes)
