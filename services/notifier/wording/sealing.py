"""The words of an audience are sealed by a digest, so that an approval is void when they change. Pure."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

from services.notifier.audience import Contact, Customer, Preferences
from services.notifier.channels.outcome import Rendered
from services.notifier.permission import Permission
from services.notifier.situation import Situation
from services.notifier.wording.texts import Text
from services.notifier.wording.writing import LIKELY

Write = Callable[[Situation, Contact, tuple[str, ...]], Rendered]

NOBODY = Customer("", contacts=(Contact("email", "nobody@example.invalid"),))
NEVER = datetime(2000, 1, 1, tzinfo=UTC)


def seal_of(write: Write, situation: Situation, words: Text | None) -> str:
    """Returns a digest of all that a gate's customers would read, but for what is their own: their name, zone and link.

    `situation` is that of any of them. It changes with the texts of notifications.yml, what is known of the incident, and `words`.
    """
    said = sha256()
    for certainty in ("confirmed", LIKELY):
        message = write(_of_nobody(situation, words, certainty), NOBODY.contacts[0], ())
        said.update(f"{message.subject}\0{message.text}\0".encode("utf-8", "surrogatepass"))
    return said.hexdigest()


def _of_nobody(situation: Situation, words: Text | None, certainty: str) -> Situation:
    held = situation.notification.evidence or {}
    evidence = {name: held[name] for name in ("rule", "action", "article") if name in held} | {"certainty": certainty}
    about = replace(situation.notification, id="", customer_id="", about_at=NEVER, dated_at=NEVER, sent_at=None, evidence=evidence)
    return Situation(
        about, NOBODY, Preferences(), situation.incident, 0, NEVER, permission=Permission(words=words), period=situation.period
    )
