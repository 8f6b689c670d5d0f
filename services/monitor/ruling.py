"""The rules that this process judges by: read from their file at the start, and anew whenever somebody asks, without a restart.

Somebody asks by SIGHUP (this process alone) or over HTTP (every process, by a number in the database). Rules that count what they
counted before keep what was counted; a file with a mistake changes nothing.
"""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from services.monitor import metrics
from services.monitor.rules.file import RulesFile
from services.monitor.rules.versions import Change, Compared, compared, version_of
from services.monitor.store.rules import queries
from shared.configuration.files import ConfigError
from shared.observing.visible import visible
from shared.postgres import TRANSIENT, Database, wait_for_wakeup
from shared.stream import Stream

log = logging.getLogger(__name__)

LOOKS = 10.0  # seconds between looks whether somebody asked, should no wake-up say so

Judging = Callable[[RulesFile], Awaitable[None]]  # takes other rules


def taking(stream: Stream, use: Callable[[RulesFile], None]) -> Judging:
    """Returns what has a stream's processor go on by other rules from where it stands, by its function `use`."""

    async def take(rules: RulesFile) -> None:
        await stream.renew(partial(use, rules))

    return take


class Ruling:
    """Knows the rules in force. `judging`: who judges by them, in the order in which they must take others."""

    def __init__(self, read: Callable[[], RulesFile]) -> None:
        """`read`: reads the file, or raises ConfigError with every mistake."""
        self._read, self.file = read, read()
        self.judging: Sequence[Judging] = ()
        self.mistake = ""  # of the file when it was read last; the rules in force are those before
        self._asked: int | None = None
        self._hung_up = asyncio.Event()

    @property
    def version(self) -> str:
        return version_of(self.file)

    def preview(self) -> list[Compared]:
        """Returns what would become of each rule if the file were read anew now. Raises ConfigError with every mistake."""
        return list(compared(self.file, self._read()))

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
        """Reads the rules anew if somebody has asked since the last look. At the first look they were read just now."""
        asked = await self._number(database)
        if self._hung_up.is_set() or (asked is not None and self._asked not in (None, asked)):
            self._hung_up.clear()
            await self.reload()
        self._asked = self._asked if asked is None else asked

    async def _number(self, database: Database) -> int | None:
        """Returns how often somebody has asked; None while the database is away."""
        try:
            async with database.connection() as connection:
                number: int = await connection.fetchval(queries.asked)
                return number
        except TRANSIENT:
            return None

    async def reload(self) -> None:
        """Reads the file, and has everybody judge by what it says. A mistake in it is logged, and changes nothing."""
        try:
            file = self._read()
        except ConfigError as error:
            self.mistake = str(error)
            metrics.RULES_READ.set(0)
            log.error("the rules stay as they are: %s", visible(self.mistake))
            return
        changes = list(compared(self.file, file))
        self.mistake = ""
        metrics.RULES_READ.set(1)
        if version_of(file) != self.version:
            for take in self.judging:
                await take(file)
            self.file = file
        log.info("rules %s: %s", self.version, _in_words(changes))


def _in_words(changes: Sequence[Compared]) -> str:
    words = [f"{each.id} {each.change.replace('_', ' ')}" for each in changes if each.change != Change.SAME]
    return ", ".join(words) or "nothing has changed"
