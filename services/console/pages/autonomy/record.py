"""Makes of notifier's answer what is shown of a rule: its step, who set it and why, and what came of what it told. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.console.frame.answers import moment, text, whole

# The steps in the order in which a rule earns them, and what each of them means.
STEPS: Mapping[str, str] = {
    "shadow": "it is decided as ever, and told to nobody",
    "approve": "a person approves each audience, however small",
    "auto_up_to": "a person approves what is larger than its limit",
    "auto": "nobody is asked; its brakes still hold",
}
COUNTS = ("audiences", "customers", "told", "wrote_in", "false_alarms", "complaints", "opt_outs")


@dataclass(frozen=True, slots=True)
class Record:
    """A rule, as far as it has had anything told."""

    rule: str
    step: str
    reason: str
    by: str
    changed_at: datetime | None
    counts: Mapping[str, int]
    normal: int | None  # the median audience
    latest_at: datetime | None

    @property
    def meaning(self) -> str:
        return STEPS.get(self.step, "")

    @property
    def wrote_in_all_the_same(self) -> float | None:
        """Returns the share of those who were told and wrote in, in percent; None without anybody told."""
        return 100 * self.counts["wrote_in"] / self.counts["told"] if self.counts["told"] else None


def record_of(said: Mapping[str, Any]) -> Record:
    """Returns the record of an item of the answer."""
    normal = said.get("normal")
    return Record(
        **{name: text(said, name) for name in ("rule", "step", "reason", "by")},
        changed_at=moment(said, "changed_at"),
        counts={name: whole(said, name) for name in COUNTS},
        normal=normal if isinstance(normal, int) else None,
        latest_at=moment(said, "latest_at"),
    )
