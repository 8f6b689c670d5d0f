"""Tells how it came that one customer was told something, or was not: step by step, until the one that ended it. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.console.frame.evidence import sentence, threshold_sentence
from services.console.frame.reasons import REASONS, Step, came_back, trouble, why_not
from services.console.frame.words import counted, number, plain

Row = Mapping[str, Any]
OWED = frozenset({"resolved", "withdrawn", "dismissed", "maintenance_ended", "maintenance_cancelled"})  # to who was told before
OF_MAINTENANCE = "maintenance_"  # how the kinds of what is said of it begin
DECIDED = tuple(Step)[tuple(Step).index(Step.PREFERENCE) :]  # notifier's steps, which a message goes through

KINDS = {
    "opened": "that an incident affects them",
    "updated": "what has changed about an incident",
    "resolved": "that the incident is over",
    "withdrawn": "that we watch the incident no longer",
    "dismissed": "that the incident was a false alarm",
    "answer": "the status of a known incident, as an answer to what they wrote",
    "reply": "a person’s reply to what they wrote",
    "guidance": "how to get on",
    "correction": "what we had told them wrongly",
    "notice": "that their endpoint is called no more",
    "maintenance_planned": "that maintenance comes",
    "maintenance_changed": "what has changed about a maintenance",
    "maintenance_started": "that a maintenance has begun",
    "maintenance_ended": "that a maintenance is over",
    "maintenance_cancelled": "that a maintenance is called off",
}


@dataclass(frozen=True, slots=True)
class Link:
    """One step: whether it holds (None: it was not reached), and what is known of it."""

    step: Step
    holds: bool | None
    words: str
    at: datetime | None = None
    until: datetime | None = None
    shows_words: bool = False  # the text as it was sent is shown here
    answer: str = ""  # what the provider said, which may name the customer's address


@dataclass(frozen=True, slots=True)
class Story:
    """What is known: of the customer and the incident (either may be absent), and of one message between them."""

    about: Row | None  # the row of `story`; None for a message about no incident
    message: Row | None

    @property
    def touched(self) -> bool:
        return self.about is not None and self.about["first_seen_at"] is not None

    @property
    def over(self) -> bool:
        return self.about is not None and self.about["status"] not in (None, "open")


def headline(story: Story) -> str:
    """Returns the answer in one sentence."""
    about, message = story.about, story.message
    if message is not None and message["status"] == "delivered":
        return f"They were told {KINDS.get(message['kind'], plain(message['kind']))}."
    if message is not None:
        has_come_back = message["status"] == "failed" and message["bounced_at"] is not None
        why = came_back(message["bounce"]) if has_come_back else why_not(message["reason"], message["why"])
        return f"They were not told {KINDS.get(message['kind'], plain(message['kind']))}. {why}"
    if about is not None and about["told_at"] is not None:
        return "They were told of it; the message itself is not kept any longer."
    if not story.touched:
        return f"They were not told: no event of theirs failed on {about['component'] if about else 'it'}."
    if story.over:
        return "They were not told: the incident had ended before anything was decided about them."
    return "They are not told yet: nothing is decided about them."


def chain(story: Story) -> list[Link]:
    """Returns the steps in their order. After one that does not hold, the others are not reached."""
    links: list[Link] = []
    for link in (*_found(story), *_decided(story)):
        stopped = any(each.holds is False for each in links)
        links.append(Link(link.step, None, "Not reached.") if stopped else link)
    return links


# ── monitor: what failed, and for whom ───────────────────────────────────────────────────────


def _found(story: Story) -> Iterator[Link]:
    about, message = story.about, story.message
    if message is not None and message["ticket"] is not None and not story.touched:
        yield Link(Step.EVENT, True, "They wrote in, and what is said is on their ticket.")
        return
    if message is not None and message["kind"].startswith(OF_MAINTENANCE):
        yield Link(Step.EVENT, True, "It is about maintenance that a person announced, for an audience that they named.")
        return
    if about is None or about["incident_id"] is None:
        yield Link(Step.EVENT, True, "It is about no incident that is kept here.")
        return
    yield _event(about, touched=story.touched)
    yield _rule(about)
    certain = (
        "for certain, by their own events"
        if about["certainty"] == "confirmed"
        else "likely: they used it, and nothing of theirs is known to have failed"
    )
    words = f"The incident touches them, {certain}." if story.touched else "The incident does not touch them."
    yield Link(Step.IMPACT, story.touched, words)


def _event(about: Row, *, touched: bool) -> Link:
    if not touched:
        return Link(Step.EVENT, False, f"No event of theirs failed on {about['component']} while it lasted.")
    words = f"{counted(about['count'], 'event')} of theirs failed on {about['component']}."
    if about["certainty"] == "likely":
        words = f"They used {about['component']}: {counted(about['count'], 'event')} of theirs say so."
    return Link(Step.EVENT, True, words, about["first_seen_at"], about["last_seen_at"])


def _rule(about: Row) -> Link:
    opening = (about["opening"] or {}).get("why")
    why: Row = opening if isinstance(opening, Mapping) else about["why"] or {}
    said = "; ".join(filter(None, (sentence(why), threshold_sentence(why))))
    return Link(Step.RULE, True, f"The rule {about['rule']} opened the incident{f': {said}' if said else ''}.", about["started_at"])


# ── notifier: whether it is said, and whether it arrived ─────────────────────────────────────


def _decided(story: Story) -> Iterator[Link]:
    message = story.message
    if message is None:
        yield _undecided(story)
        return
    said = REASONS.get(message["reason"] or "")
    ended_at = None if message["status"] == "delivered" else said.step if said else _last(message)
    for step in DECIDED:
        if step is Step.ANSWER and message["bounced_at"] is not None:
            yield _returned(message)
        elif step is ended_at:
            last, answer = trouble(message["answer"]) if message["status"] == "failed" else ("", "")
            yield Link(step, False, f"{why_not(message['reason'], message['why'])} {last}".strip(), message["at"], answer=answer)
        else:
            yield _held(step, message, story.about)


def _returned(message: Row) -> Link:
    """Returns what is said of a message that a server had taken and that came back, once or for good."""
    back = came_back(message["bounce"], message["complained_at"] is not None)
    code = message["bounce_code"]
    if message["status"] == "failed":
        return Link(Step.ANSWER, False, f"A server took it{_by(message)}. {back}", message["bounced_at"], answer=code)
    return Link(Step.ANSWER, True, f"A server took it{_by(message)}. An earlier try came back. {back}", message["at"], answer=code)


def _undecided(story: Story) -> Link:
    if story.about is not None and story.about["told_at"] is not None:
        return Link(Step.ANSWER, True, "They were told; the message itself is not kept any longer.", story.about["told_at"])
    if story.about is not None and story.about["untold_reason"]:
        return Link(_step(story.about["untold_reason"]), False, why_not(story.about["untold_reason"], {}))
    if story.over:
        return Link(Step.TRUE, False, "The incident had ended before anything was decided about them.")
    return Link(Step.PREFERENCE, None, "Nothing is decided yet: notifier says more within seconds, or when it may.")


def _step(reason: str) -> Step:
    said = REASONS.get(reason)
    return said.step if said else Step.TRUE


def _last(message: Row) -> Step:
    """Returns the step that a reason of a later version is put at."""
    return Step.ANSWER if message["status"] == "failed" else Step.TRUE


def _held(step: Step, message: Row, about: Row | None) -> Link:
    """Returns what is said of a step that did not end it."""
    match step:
        case Step.PREFERENCE:
            return Link(step, True, _preference(message, about))
        case Step.TRUE:
            words = "A person’s words are said as they are." if message["kind"] == "reply" else "It was so when it was said."
            return Link(step, True, words)
        case Step.CAP:
            return Link(step, True, _cap(message))
        case Step.ADDRESS | Step.CONSENT:
            address = f"There was an address to bring it to{_by(message)}."
            return Link(step, True, address if step is Step.ADDRESS else "Nothing that people had decided stood against it.")
        case Step.WORDS:
            kept = bool(message["body"])
            return Link(step, True, f"As they were sent{_together(message)}:" if kept else "The words are not kept here.", shows_words=kept)
    spam = came_back(None, message["complained_at"] is not None)
    return Link(step, True, f"The provider took it{_by(message)}. {spam}".strip(), message["at"], answer=message["answer"] or "")


def _together(message: Row) -> str:
    """Returns with what else it was told in one message (a digest)."""
    why = message["why"] or {}
    if why.get("told_with"):
        return ", in one message with others"
    tells = why.get("tells")
    return f", with {number(tells - 1)} more in the same message" if isinstance(tells, int) and tells > 1 else ""


def _by(message: Row) -> str:
    return f" by {plain(message['channel'])}" if message["channel"] else ""


def _preference(message: Row, about: Row | None) -> str:
    if message["ticket_id"] is not None:
        return "It is a reply to what they asked, which needs no consent."
    purpose = "guidance" if message["kind"] == "guidance" else "incident"
    consent = (about or {}).get("consent") or {}
    if consent.get(purpose) is True:
        return "They agreed to be told."
    return "They have not said that they do not want to be told."


def _cap(message: Row) -> str:
    if message["ticket_id"] is not None:
        return "A reply counts against no cap."
    if message["kind"] in OWED:
        return "Who was told is owed the end: it counts against no cap."
    recent, cap = (message["why"].get(name) for name in ("recent", "cap"))
    if not isinstance(recent, int) or not isinstance(cap, int):
        return "They had not been told too often."
    return f"They had been told {number(recent)} of at most {number(cap)} times lately."
