"""Scores whether a customer's words speak of trouble with a component. It is made for short messages, and says no when in doubt. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from services.ticketing.matching.spoken import Mention, Spoken, Trouble, called, read
from services.ticketing.matching.words import CANNOT, NOT, Words, stems
from shared.catalog import Catalog

NEAR = 8  # words between a component and the trouble with it, at most
QUOTE = 120  # characters of the message in a reason

IN_ONE_CLAUSE = 0.9  # "the checkout hangs"
IN_TWO_CLAUSES = 0.8  # "Upload? It fails."
AND_SOMETHING_ELSE = 0.6
NAMED = 0.4
ONLY_TROUBLE = 0.3
UNRELATED = 0.1

PRONOUNS = stems("it they these those which es sie er dies")
OURSELVES = frozenset(("i", "we", "ich", "wir"))
FILLERS = stems("even really just still also to be get longer anymore at all mich mir gar mehr leider immer noch")
# These words of trouble may be about something that is named after them: "a problem with my address".
NOUNS = stems("error problem issue trouble bug fault failure wrong fehler fehlermeldung stoerung")
PLACES = stems("with in on of mit im bei beim auf")
NOT_NOW = stems("if whether would falls ob planned scheduled maintenance wartung tomorrow yesterday gestern")
# Somebody may be unable to do these things although the component works: "I cannot find it".
HARMLESS = stems("find remember see change delete cancel close decide afford download print finden aendern loeschen kuendigen")
WORKS_AGAIN = tuple(map(stems, ("works again", "geht wieder", "funktioniert wieder", "klappt wieder", "laeuft wieder")))
# A message with one of these words asks for something that an automatic answer about trouble would leave unanswered.
OTHER_MATTERS = stems(
    "invoice receipt refund subscription contract quote upgrade downgrade newsletter vat discount voucher coupon cancellation plan"
    " tariff pricing rechnung rechnungen beleg erstattung vertrag tarif abo adresse gutschein rabatt kuendigung kuendigen"
)


@dataclass(frozen=True, slots=True)
class Heard:
    """The score of a text: how likely it speaks of trouble with the component, from 0 to 1, and why."""

    score: float
    reason: str


def trouble_with(component: str, texts: Iterable[str], catalog: Catalog) -> Heard:
    """Scores what the texts of one message (subject, body) say of the component."""
    message, name = read(component, texts, catalog), catalog.name(component)
    if over := next((clause for clause in message if any(words <= set(clause.words) for words in WORKS_AGAIN)), None):
        return Heard(NAMED, f'It says that something works again: "{over.written[:QUOTE]}".')
    for score, speaking in _speaking(component, message):
        if matter := _other_matter([clause for clause in message if clause not in speaking], called(component, catalog)):
            return Heard(AND_SOMETHING_ELSE, f'It speaks of trouble with {name}, and of something else: "{matter}".')
        return Heard(score, f'It speaks of trouble with {name}: "{". ".join(clause.written for clause in speaking)[:QUOTE]}".')
    if any(clause.of(component) for clause in message):
        return Heard(NAMED, f"It names {name}, but no trouble with it.")
    if any(clause.troubles for clause in message):
        return Heard(ONLY_TROUBLE, f"It speaks of trouble, but not of {name}.")
    return Heard(UNRELATED, f"It speaks neither of {name} nor of trouble.")


def _speaking(component: str, message: Sequence[Spoken]) -> Iterable[tuple[float, tuple[Spoken, ...]]]:
    """Returns the clauses that speak of trouble with the component, alone or two together."""
    now = [clause for clause in message if NOT_NOW.isdisjoint(clause.words)]
    for clause in now:
        if _tells(component, clause):
            yield IN_ONE_CLAUSE, (clause,)
    for first, second in pairwise(message):
        if first in now and second in now and _tell_together(component, first, second):
            yield IN_TWO_CLAUSES, (first, second)


def _tells(component: str, clause: Spoken) -> bool:
    return any(_unusable(clause.words, mention) for mention in clause.of(component)) or any(
        _is_about(component, clause, trouble) for trouble in clause.troubles
    )


def _unusable(words: Words, mention: Mention) -> bool:
    """Says whether it is down, or cannot be done: "checkout down?", "cannot pay", "they do not upload", "kann mich nicht anmelden"."""
    if "down" in words[mention.end : mention.end + 3]:
        return True
    before = words[max(0, mention.start - 3) : mention.start]
    if CANNOT in before:
        return HARMLESS.isdisjoint(before)
    while before and before[-1] in FILLERS:
        before = before[:-1]
    return before[-1:] == (NOT,) and OURSELVES.isdisjoint(words[: mention.start])  # "I do not pay for it" is no trouble


def _is_about(component: str, clause: Spoken, trouble: Trouble) -> bool:
    """Says whether the component is what is named nearest to the trouble, and near enough."""
    if not clause.mentions or _is_elsewhere(clause, trouble, clause.of(component)):
        return False
    nearest = min(_distance(mention, trouble) for mention in clause.mentions)
    return nearest <= NEAR and any(_distance(mention, trouble) == nearest for mention in clause.of(component))


def _distance(mention: Mention, trouble: Trouble) -> int:
    return max(trouble.start - mention.end, mention.start - trouble.end, 0)


def _is_elsewhere(clause: Spoken, trouble: Trouble, mentions: Sequence[Mention]) -> bool:
    """Says whether the clause itself says what has the trouble, and it is something else."""
    words = clause.words
    if NOUNS.isdisjoint(words[trouble.start : trouble.end]):
        return False
    place = next((at for at in (trouble.end - 1, trouble.end) if at < len(words) - 1 and words[at] in PLACES), None)
    if place is None or words[place + 1] in PRONOUNS:
        return False
    return not any(place < mention.start <= place + 2 for mention in mentions)


def _tell_together(component: str, first: Spoken, second: Spoken) -> bool:
    """Says whether one clause names only this component, the other only trouble, and one leans on the other."""
    if first.components == {component} and not second.mentions:
        troubles = [trouble for trouble in second.troubles if not _is_elsewhere(second, trouble, ())]
        asks = second.words[0] in ("is", "ist") and not NOUNS.isdisjoint(second.words)  # "Is this a problem?"
        opens = any(trouble.start <= 1 for trouble in troubles) and not asks
        return bool(troubles) and (second.words[0] in PRONOUNS or opens or _is_a_name(first))
    if second.components == {component} and not first.mentions:
        return bool(first.troubles) and len(first.words) <= 2 and _is_a_name(second)
    return False


def _is_a_name(clause: Spoken) -> bool:
    """Says whether it says hardly more than the component's name."""
    return len(clause.words) - max(mention.end - mention.start for mention in clause.mentions) <= 1


def _other_matter(rest: Iterable[Spoken], names: Iterable[Words]) -> str | None:
    """Returns the first word of another matter in the rest of the message; words of the component's own names do not count."""
    own = {word for name in names for word in name}
    return min((word for clause in rest for word in OTHER_MATTERS.intersection(clause.words) - own), default=None)
