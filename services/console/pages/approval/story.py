"""Makes of notifier's answers what the page of an approval shows: what it would do, who has agreed, and what became void. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.console.frame.answers import listed, mapped, moment, text, whole
from services.console.frame.words import counted, number

WAITING = "waiting"
DECISIONS = ("approved", "voided approval")  # acts of the log of which the latest one counts
CHANNELS = {
    "email": "by e-mail",
    "sms": "by SMS",
    "webhook": "by webhook",
    "slack": "on Slack",
    "teams": "on Teams",
    "discord": "on Discord",
}
ON_THEIRS = ", each on their channel"


@dataclass(frozen=True, slots=True)
class Sample:
    """A message as one customer would read it."""

    place: int
    customer_id: str
    missing: Sequence[str]
    channel: str
    subject: str
    text: str

    @property
    def is_page(self) -> bool:
        """Says whether it is shown as a page, and not as words alone."""
        return self.channel in ("", "email")


@dataclass(frozen=True, slots=True)
class Story:
    """An approval, and what is known of its audience."""

    id: str
    gate: str
    rule: str
    advice: bool
    title: str
    round: int
    standing: str
    total: int
    waiting: int
    asked_at: datetime | None
    expires_at: datetime | None
    decided_by: str
    decided_at: datetime | None
    reason: str
    seen: str
    first_by: str  # whose consent counts, where two must agree
    void_first: str  # whose consent does not count any more
    channels: Sequence[tuple[str, int]]  # customers by the channel that would bring it, the most first
    left_out: Sequence[tuple[str, int]]
    normal: int | None
    audiences: int
    two_people_above: int
    first: int
    oldest: datetime | None
    newest: datetime | None
    words: Mapping[str, Any]
    samples: Sequence[Sample]

    @property
    def is_waiting(self) -> bool:
        return self.standing == WAITING

    @property
    def needs_two(self) -> bool:
        return self.waiting > self.two_people_above > 0

    @property
    def how(self) -> str:
        """Returns by which channels, where that is known of everybody: what follows `412 customers` on the button."""
        ways = [(CHANNELS.get(channel, ""), count) for channel, count in self.channels]
        if sum(count for _, count in ways) != self.waiting or not all(way for way, _ in ways):
            return ON_THEIRS
        if len(ways) == 1:
            return f" {ways[0][0]}"
        return ": " + ", ".join(f"{number(count)} {way}" for way, count in ways)

    @property
    def send(self) -> str:
        """Returns what the button says that has all of them told."""
        whom = f"to {counted(self.waiting, 'customer')}{self.how}"
        return f"Agree to send {whom}" if self.needs_two and not self.first_by else f"Send {whom}"


def story_of(said: Mapping[str, Any]) -> Story:
    """Returns the story of an answer; what a version of notifier does not say is absent."""
    seen, first_by = text(said, "seen"), text(said, "first_by")
    counts = not said.get("first_saw") or said["first_saw"] == seen
    normal = said.get("normal")
    given: dict[str, Any] = {name: text(said, name) for name in ("id", "gate", "rule", "title", "standing", "decided_by", "reason")}
    given |= {name: moment(said, name) for name in ("asked_at", "expires_at", "decided_at", "oldest", "newest")}
    given |= {name: whole(said, name) for name in ("round", "total", "waiting", "audiences", "two_people_above", "first")}
    return Story(
        **given,
        advice=said.get("advice") is True,
        seen=seen,
        first_by=first_by if counts else "",
        void_first="" if counts else first_by,
        channels=_counts(said, "channels"),
        left_out=_counts(said, "left_out"),
        normal=normal if isinstance(normal, int) else None,
        words=mapped(said, "words"),
        samples=[_sample(place, each) for place, each in enumerate(listed(said, "samples"))],
    )


def _counts(said: Mapping[str, Any], name: str) -> list[tuple[str, int]]:
    return [(each, count) for each, count in mapped(said, name).items() if isinstance(count, int)]


def _sample(place: int, said: Mapping[str, Any]) -> Sample:
    missing = said.get("missing")
    names = [str(each) for each in missing] if isinstance(missing, list) else []
    customer_id, channel, subject, body = (text(said, name) for name in ("customer_id", "channel", "subject", "text"))
    return Sample(place, customer_id, names, channel, subject, body)


def voided(story: Story, entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Returns the entry by which the approval became void, while it waits for another."""
    latest = next((each for each in entries if each["act"] in DECISIONS), None)
    return latest if story.is_waiting and latest is not None and latest["act"] == "voided approval" else None
