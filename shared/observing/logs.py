"""Configures one process's log: every kind of trouble is logged at once and then summed up, so that a flood stays readable.

A broker that is away makes client libraries and our own loops say the same thing many times a second. Warnings and errors of one
kind (same logger, same words, figures left out) are said when they begin and then after pauses that double up to half a
minute, each time with how many there were in between. What is only information is never left out.

A record is one line, whoever wrote it and whatever stands in it: escapes instead of what cannot be seen, no more than
`LONGEST` characters, and of errors only what `errors` lets through. Of a bearer token of ours the prefix is left.
"""

import copy
import logging
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TextIO

from shared.http.tokens import without_tokens
from shared.observing.errors import described, traced
from shared.observing.visible import visible

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
LONGEST = 4_000  # characters of a line, before escapes; half of them are the message's at most
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 30.0  # seconds between two lines of one kind
OVER = 60.0  # seconds without a line after which a kind counts as new
KINDS = 500  # kinds remembered at most

_figures = re.compile(r"0x[0-9a-f]+|\d+", re.IGNORECASE)
_warned = re.compile(r"(?P<place>[^\n]{1,500}?:\d{1,9}: (?P<category>[A-Za-z]\w{0,99})): ", re.ASCII).match
SAYABLE = ("DeprecationWarning", "PendingDeprecationWarning", "ResourceWarning", "RuntimeWarning", "SyntaxWarning")  # quote code, not data
_local_part = re.compile(r"[^\s@<>()\[\]\"',;:=/]{1,64}@(?=[\w\[-])")  # of a mail address (RFC 5321, section 4.5.3.1.1: 64 at most)


def sentence(record: logging.LogRecord) -> str:
    """Returns the record's message, with what may be logged of each error in it."""
    args = record.args
    said = described(record.msg) if isinstance(record.msg, BaseException) else str(record.msg)
    if args:
        said %= {name: _safe(arg) for name, arg in args.items()} if isinstance(args, Mapping) else tuple(map(_safe, args))
    if record.name == "py.warnings" and (found := _warned(said)) and found["category"] not in SAYABLE:
        return found["place"]  # pydantic's, for instance, quote the value that they are about
    # asyncio adds lines with the repr of the task or future, and of its error.
    return said.partition("\n")[0] if record.name == "asyncio" else said.strip()


def _safe(arg: Any) -> Any:
    return described(arg) if isinstance(arg, BaseException) else arg


class OneLine(logging.Formatter):
    """Formats a record as one line; a traceback is the places it went through."""

    def format(self, record: logging.LogRecord) -> str:
        plain = copy.copy(record)
        plain.msg, plain.args, plain.exc_info, plain.exc_text, plain.stack_info = sentence(record)[: LONGEST // 2], None, None, None, None
        line = super().format(plain)
        if record.exc_info and record.exc_info[1]:
            line = f"{line}; Traceback: {traced(record.exc_info[1])}"
        shown = visible(without_tokens(_local_part.sub("…@", line[:LONGEST])))
        return shown if len(line) <= LONGEST else f"{shown}…"


@dataclass
class Kind:
    """Counts one kind of line: when it was logged and seen last, when it may be logged again, and what was left out since."""

    said_at: float
    seen_at: float
    pause: float = FIRST_PAUSE
    left_out: int = 0
    latest: logging.LogRecord | None = None  # of those left out

    def summary(self, now: float) -> logging.LogRecord:
        """Returns one line for all that were left out, without traceback. The kind counts as logged."""
        record, count, seconds = self.latest, self.left_out, now - self.said_at
        assert record is not None  # noqa: S101  asked only when some were left out
        if count > 1:
            record.msg, record.args = f"{sentence(record)[: LONGEST // 4]} … and {count - 1:,} more like it in {seconds:.0f} s", ()
        record.exc_info = record.exc_text = record.stack_info = None
        self.said_at, self.left_out, self.latest = now, 0, None
        self.pause = min(2 * self.pause, LONGEST_PAUSE)
        return record


class Summing(logging.StreamHandler[TextIO]):
    """Writes the first line of each kind, and sums up those that follow."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(stream)
        self.setFormatter(OneLine())
        self._clock = clock
        self.kinds: dict[tuple[str, int, str], Kind] = {}  # in the order in which they were seen last
        self._looked_at = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        now = self._clock()
        try:
            new = record.levelno < logging.WARNING or self._is_new(record, now)
        except Exception:  # noqa: BLE001  its arguments do not fit its words, or cannot be written
            self.handleError(record)
            return
        if new:
            super().emit(record)
        for summary in self._summaries(now):
            super().emit(summary)

    def handleError(self, record: logging.LogRecord) -> None:
        """Names a line that cannot be written by its place. Python's own way shows its arguments."""
        error = sys.exc_info()[1]
        said = f"{record.levelname} {record.name} a line of {record.module}:{record.lineno} cannot be written: {type(error).__name__}"
        with suppress(OSError, ValueError):  # stderr may be closed
            self.stream.write(f"{visible(said)}\n")

    def _is_new(self, record: logging.LogRecord, now: float) -> bool:
        name = (record.name, record.levelno, _words(record))
        kind = self.kinds.pop(name, None)
        new = kind is None or (now - kind.seen_at > OVER and not kind.left_out)
        kind = self.kinds[name] = Kind(now, now) if kind is None or new else kind
        kind.seen_at = now
        if not new:
            kind.left_out, kind.latest = kind.left_out + 1, record
        if len(self.kinds) > KINDS:
            del self.kinds[next(iter(self.kinds))]
        return new

    def _summaries(self, now: float) -> Iterator[logging.LogRecord]:
        """Yields summaries of the kinds whose pause is over, looked through at most once a second."""
        if now - self._looked_at < 1:
            return
        self._looked_at = now
        for kind in self.kinds.values():
            if kind.left_out and now - kind.said_at >= kind.pause:
                yield kind.summary(now)


def _words(record: logging.LogRecord) -> str:
    """Returns what two lines of one kind have in common: the beginning of the message without its figures, and the error's class."""
    error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
    return f"{error} {_figures.sub('#', sentence(record)[:200])}"


def configure(form: str = FORMAT) -> None:
    """Sends this process's log to stderr, summed up; also warnings, and what ends the process."""
    handler = Summing()
    handler.setFormatter(OneLine(form))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.captureWarnings(capture=True)
    sys.excepthook = _last_words
    # aiokafka warns at every retry; its errors are summed up.
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    # It tells the address of every request, in which customers' ids stand.
    logging.getLogger("httpx2").setLevel(logging.WARNING)


def _last_words(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logging.getLogger(__name__).critical("the process ends", exc_info=(kind, error, trace))
