"""Shows a story as it happens: a live picture of the loop in a terminal, plain lines anywhere else. Decides nothing."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from deploy.local.terminal import Screen, guarded, say
from deploy.local.witness import Moment, Witness

MAIL_LINES = 6  # of the newest mail
KEPT_LINES = 3  # a link may need two, and the words beside it
FRAME_LINES = 10  # borders, and the loop itself
COLOURS = {"product": "cyan", "monitor": "yellow", "notifier": "green", "customer": "magenta", "ticketing": "blue", "forewarn": "white"}


class View(Protocol):
    """Shows a demo to people while it runs."""

    def say(self, sentence: str) -> None:
        """Shows a sentence about the demo itself."""

    def keep(self, line: str) -> None:
        """Shows a line that people need all the while."""

    def show(self, seen: Witness) -> None:
        """Shows the story as far as it was seen; called ten times a second."""


@contextmanager
def view() -> Iterator[View]:
    """Makes a picture when standard output is a terminal, else lines; the terminal is as before when the context ends."""
    if not sys.stdout.isatty():
        yield Lines()
        return
    console = Screen(sys.stdout)
    with Live(console=console, refresh_per_second=8, transient=False, vertical_overflow="crop") as live, guarded():
        yield Picture(live)


class Lines:
    """Prints what is new, a line a moment."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._shown = 0

    def say(self, sentence: str) -> None:
        say(f"[{time.monotonic() - self._begun:5.1f} s since the start] {sentence}")

    def keep(self, line: str) -> None:
        say(line)

    def show(self, seen: Witness) -> None:
        for moment in seen.moments[self._shown :]:
            say(f"{moment.offset:6.1f} s  {moment.who:<10} {moment.what}")
        self._shown = len(seen.moments)


class Picture:
    """Draws the loop as a live table: who fails, what is open, who is told, who wrote in, and the newest mail."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._kept: list[str] = []

    def keep(self, line: str) -> None:
        self._kept.append(line)

    def say(self, sentence: str) -> None:
        self._live.update(Panel(Text(f"{sentence} …"), title="Forewarn", border_style="cyan"))

    def show(self, seen: Witness) -> None:
        now = time.time() - seen.start
        room = max(3, self._live.console.height - FRAME_LINES - KEPT_LINES * len(self._kept) - (MAIL_LINES + 2 if seen.latest else 0))
        kept = [Text(line, overflow="fold") for line in self._kept]
        parts: list[RenderableType] = [*kept, _loop(seen, now), _moments(seen.moments[-room:])]
        if seen.latest is not None:
            body = Text("\n".join(seen.latest.text.strip().splitlines()[:MAIL_LINES]), no_wrap=True, overflow="ellipsis")
            title = Text(f"to {seen.latest.to}: {seen.latest.subject}")  # as a str it would be markup
            parts.append(Panel(body, title=title, title_align="left", border_style="green"))
        self._live.update(Panel(Group(*parts), title=f"Forewarn · {max(now, 0):.0f} s", border_style="cyan"))


def _loop(seen: Witness, now: float) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(min_width=9, style="bold")
    table.add_column(min_width=38, no_wrap=True)
    table.add_column(width=24, no_wrap=True)
    outage, hit = seen.outage, len(seen.victims)
    fails = outage.start <= now < outage.end
    product = Text(f"{outage.component} fails for {hit} customers", "red") if fails else Text("all well", "green")
    table.add_row("product", product, f"{seen.requests:,} requests, {seen.failures:,} failed")
    table.add_row("monitor", _incident(seen), f"{len(seen.affected)} customers affected" if seen.affected else "")
    for label, kind in (("told", "opened"), ("all-clear", "resolved")):
        count = len(seen.mails[kind])
        table.add_row("notifier", f"{label}: {count} of {hit}", ProgressBar(hit, count, width=24))
    cases = seen.about_it()
    answered, linked = sum(map(seen.answered, cases)), sum(case.linked_to is not None for case in cases.values())
    table.add_row("customers", f"{len(seen.first_contact)} wrote in about it, {seen.questions} about something else")
    table.add_row("ticketing", f"{len(cases)} tickets about it, {linked} linked, {answered} answered")
    return table


def _incident(seen: Witness) -> Text:
    if seen.opened is None:
        return Text("no incident")
    if seen.resolved_at is not None:
        return Text.assemble(("resolved", "green"), f": {seen.opened.title}")
    return Text.assemble(("open", "yellow"), f" ({seen.opened.severity}): {seen.opened.title}")


def _moments(moments: list[Moment]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 1))
    for moment in moments:
        table.add_row(
            f"{moment.offset:5.1f} s",
            Text(moment.who, COLOURS.get(moment.who, "white")),
            Text(moment.what, no_wrap=True, overflow="ellipsis"),
        )
    return table
