"""Decides how one stream keeps its dead letters: how many stay whole in a minute, which become pointers; and sums them up in a log line."""

import math
from collections import Counter, deque
from collections.abc import Sequence

from shared import metrics
from shared.cloudevents import Reason
from shared.outbox import Message
from shared.streaming.dead_letters import DeadLetter, Form, Sample

MINUTE = 60.0
SAMPLES = 3


class Aside:
    """Gives each dead letter its form, and counts those that were committed. `now` is a monotonic clock's seconds."""

    def __init__(self, topic: str, group: str, per_minute: int = 1000, *, foreign: bool = False) -> None:
        self.per_minute = per_minute
        self.since_start: Counter[str] = Counter()  # by reason
        self.pointers: Counter[str] = Counter()  # by form
        self.samples: deque[Sample] = deque(maxlen=SAMPLES)
        self._topic, self._group, self._foreign = topic, group, foreign
        self._used, self._used_at = 0.0, 0.0  # letters kept whole that the allowance has not made up for yet, and when that was computed
        self._unsaid: Counter[str] = Counter()
        self._unsaid_pointers, self._said_at = 0, -math.inf
        for reason in Reason:
            metrics.DEAD_LETTERS.labels(topic, reason)
        for form in (Form.POINTER, Form.STUB):
            metrics.POINTERS.labels(topic, form)

    def forms(self, letters: Sequence[DeadLetter], now: float) -> list[Form]:
        """Returns a form for each letter, in order: as many stay whole as the minute's allowance lets (a token bucket)."""
        whole, forms = self._allowance(now), []
        for letter in letters:
            if not letter.fits:
                forms.append(Form.STUB)
            elif whole >= 1:
                forms.append(Form.WHOLE)
                whole -= 1
            else:
                forms.append(Form.POINTER)
        return forms

    def messages(self, letters: Sequence[DeadLetter], forms: Sequence[Form]) -> list[Message]:
        """Returns the messages for `<topic>.dlq`."""
        return [letter.message(self._group, form, foreign=self._foreign) for letter, form in zip(letters, forms, strict=True)]

    def committed(self, letters: Sequence[DeadLetter], forms: Sequence[Form], now: float) -> None:
        """Counts these letters, which are committed now."""
        if not letters:
            return
        self._used, self._used_at = self.per_minute - self._allowance(now) + forms.count(Form.WHOLE), now
        self.samples.extend(Sample.of(letter) for letter in letters[-SAMPLES:])
        for letter, form in zip(letters, forms, strict=True):
            self.since_start[letter.reason] += 1
            self._unsaid[letter.reason] += 1
            metrics.DEAD_LETTERS.labels(self._topic, letter.reason).inc()
            if form is not Form.WHOLE:
                self.pointers[form] += 1
                self._unsaid_pointers += 1
                metrics.POINTERS.labels(self._topic, form).inc()

    def summary(self, now: float) -> str | None:
        """Returns a log line about the letters since the last one; None when there is none to write.

        The first letter is reported at once; after that, at most one line a minute is written.
        """
        if not self._unsaid or now - self._said_at < MINUTE:
            return None
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in self._unsaid.most_common())
        pointers = f", {self._unsaid_pointers:,} of them as pointers" if self._unsaid_pointers else ""
        line = f"{self._group} put {self._unsaid.total():,} records aside ({reasons}{pointers}); for instance {self.samples[-1]}"
        self._unsaid, self._unsaid_pointers, self._said_at = Counter(), 0, now
        return line

    def _allowance(self, now: float) -> float:
        refilled = (now - self._used_at) * self.per_minute / MINUTE
        return self.per_minute - max(self._used - refilled, 0.0)
