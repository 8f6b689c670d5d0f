"""The rules that this process judges by: those published last, else those of rules.yml. They are read at the start and anew while it runs.

Somebody asks by SIGHUP (this process alone), or over HTTP (every process, by a number in the database), and so does who publishes. Rules
that count what they counted before keep what was counted; a text with a mistake changes nothing.
"""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from services.monitor import metrics
from services.monitor.rules.file import RulesFile
from services.monitor.rules.versions import Change, Compared, compared, version_of
from services.monitor.store import rules as store
from services.monitor.store.rules import Publication
from shared.configuration.files import ConfigError, content_of, parse
from shared.observing.visible import visible
from shared.postgres import TRANSIENT, Database, patiently, wait_for_wakeup
from shared.stream import Stream

log = logging.getLogger(__name__)

LOOKS = 10.0  # seconds between looks whether somebody asked, should no wake-up say so

Judging = Callable[[RulesFile], Awaitable[None]]  # takes other rules


def taking(stream: Stream, use: Callable[[RulesFile], None]) -> Judging:
    """Returns what has a stream's processor go on by other rules from where it stands, by its function `use`."""

    async def take(rules: RulesFile) -> None:
        await stream.renew(partial(use, rules))

    return take


@dataclass(frozen=True, slots=True)
class Written:
    """Rules as they are written, and what they say."""

    text: str
    rules: RulesFile


def written(text: str, name: str) -> Written:
    """Reads rules that somebody wrote; `name` stands for the file. Raises ConfigError with every mistake."""
    return Written(text, parse(text.encode(), name, RulesFile))


def written_in(path: Path) -> Written:
    """Reads rules from a file. Raises ConfigError with every mistake."""
    content = content_of(path)
    return Written(content.decode(errors="replace"), parse(content, str(path), RulesFile))


class Ruling:
    """Knows the rules in force. `judging`: who judges by them, in the order in which they must take others."""

    def __init__(self, read: Callable[[], Written]) -> None:
        """`read`: reads the file, or raises ConfigError with every mistake."""
        self._read, self.of_file = read, read()
        self._in_force = self.of_file
        self.latest: Publication | None = None  # what was published last, or the return to the file
        self.published: Publication | None = None  # whose rules are in force; None: those of the file are
        self.judging: Sequence[Judging] = ()
        self.mistake = ""  # in what was read last; the rules in force are those before, or those of the file
        self._asked: int | None = None
        self._hung_up = asyncio.Event()

    @property
    def file(self) -> RulesFile:
        return self._in_force.rules

    @property
    def text(self) -> str:
        return self._in_force.text

    @property
    def version(self) -> str:
        return version_of(self.file)

    @property
    def base(self) -> int:
        """Returns the number of what was published last, on which a draft that begins now is based; 0 when nothing was."""
        return 0 if self.latest is None else self.latest.number

    @property
    def file_differs(self) -> bool:
        """Returns whether rules.yml, which is not in force, says something else than when these rules were published."""
        return self.published is not None and self.published.file_version != version_of(self.of_file.rules)

    def preview(self) -> list[Compared]:
        """Returns what would become of each rule if the file were read anew now. Raises ConfigError with every mistake in it."""
        of_file = self._read().rules
        return self.changes_to(of_file if self.published is None else self.file)

    def changes_to(self, rules: RulesFile) -> list[Compared]:
        """Returns what would become of each rule with others in force."""
        return list(compared(self.file, rules))

    # ── others come into force ───────────────────────────────────────────────────────────────

    async def begin(self, database: Database) -> None:
        """Takes the published rules, if there are any, before anything is judged."""
        await patiently("the database", partial(self._catch_up, database))

    async def run(self, database: Database) -> None:
        """Runs until cancelled: reads the rules anew when somebody asks."""
        wakeup = database.wakeup("rules_asked")
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._hang_up, wakeup)
        while True:
            await self.look(database)
            await wait_for_wakeup(wakeup, LOOKS)

    def _hang_up(self, wakeup: asyncio.Event) -> None:
        self._hung_up.set()
        wakeup.set()

    async def look(self, database: Database) -> None:
        """Reads the rules anew if somebody has asked since the last look, unless the database is away."""
        try:
            await self._catch_up(database)
        except TRANSIENT as error:
            log.warning("the rules are looked at again in %.0f s: %s", LOOKS, error)

    async def _catch_up(self, database: Database) -> None:
        """Reads anew what somebody has asked for. At the first look the file was read just now."""
        async with database.connection() as connection:
            asked: int = await connection.fetchval(store.queries.asked)
            first, hung_up = self._asked is None, self._hung_up.is_set()
            if asked == self._asked and not hung_up:
                return
            latest = await store.latest(connection)
        self._hung_up.clear()
        if latest is not None or not first or hung_up:
            await self._reload(latest)
        self._asked = asked

    async def _reload(self, latest: Publication | None) -> None:
        """Reads both, and has everybody judge by what counts. A mistake is logged; instead of a publication with one the file counts."""
        before, mistakes = self.file, list[str]()
        try:
            self.of_file = self._read()
        except ConfigError as error:
            mistakes.append(str(error))
        now, published = self.of_file, None
        if latest is not None and latest.text is not None:
            try:
                now, published = written(latest.text, f"published {latest.number}"), latest
            except ConfigError as error:
                mistakes.append(f"what was published cannot be read any more, so rules.yml counts: {error}")
        if version_of(now.rules) != self.version:
            for take in self.judging:
                await take(now.rules)
        self._in_force, self.latest, self.published = now, latest, published
        self._say(mistakes, list(compared(before, now.rules)))

    def _say(self, mistakes: Sequence[str], changes: Sequence[Compared]) -> None:
        self.mistake = "\n".join(mistakes)
        metrics.RULES_READ.set(0 if mistakes else 1)
        if mistakes:
            log.error("a mistake in the rules changes nothing: %s", visible(self.mistake))
        log.info("rules %s: %s", self.version, _in_words(changes))


def _in_words(changes: Sequence[Compared]) -> str:
    words = [f"{each.id} {each.change.replace('_', ' ')}" for each in changes if each.change != Change.SAME]
    return ", ".join(words) or "nothing has changed"
