"""Feeds all event streams of a process: it reads what has changed once, and each stream hears of the keys that its page shows.

A stream that falls behind holds no more than the set of its own keys, and a page that missed too much is told to draw itself anew.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.console.live import viewing
from services.console.live.behind import Behind
from services.console.live.recent import Recent
from services.console.live.streams import Stream
from services.console.metrics import LIVE_STREAMS
from shared.postgres import TRANSIENT, Database, Queries, wait_for_wakeup

log = logging.getLogger(__name__)

queries = Queries(Path(__file__).with_name("queries.sql"))

PER_SESSION = 4  # streams: a browser has six connections to a host, by HTTP/1.1, and what people do needs some; further pages ask instead
AT_ONCE = 5000  # changes read by one query
PAUSE = 0.2  # seconds between two reads
LOOKS = 5.0  # seconds after which the table is read without a wake-up, and viewers are refreshed


class Hub:
    """Holds the streams of one process. `run` works until cancelled; `close` ends all streams at once."""

    def __init__(self, database: Database, most: int, behind: Behind) -> None:
        """Takes how many streams there may be at once."""
        self.behind = behind
        self._database, self._most = database, most
        self._wakeup = database.wakeup("changes")
        self._recent: Recent | None = None  # None until what is stored has been read
        self._streams: set[Stream] = set()
        self._of_session: Counter[tuple[bytes, str]] = Counter()
        self._came: list[Stream] = []
        self._left: list[Stream] = []
        self._look_at = 0.0
        self._closed = False

    @property
    def last(self) -> int:
        """Returns the id of the latest change this process knows of: a page that begins now has missed nothing before it."""
        return self._recent.last if self._recent else 0

    @property
    def open_streams(self) -> int:
        """Returns how many streams are open."""
        return len(self._streams)

    def is_full(self, stream: Stream) -> bool:
        """Returns True when the process, or the stream's session, has as many streams as there may be."""
        return self._closed or len(self._streams) >= self._most or self._of_session[stream.owner] >= PER_SESSION

    @contextmanager
    def fed(self, stream: Stream) -> Iterator[None]:
        """Feeds a stream while the context lasts; it begins with what its page has missed. Where there is no room it ends at once."""
        if self.is_full(stream):
            stream.end()
            yield
            return
        self._add(stream)
        try:
            yield
        finally:
            self._remove(stream)

    def _add(self, stream: Stream) -> None:
        missed = self._recent.since(stream.last, stream.keys) if self._recent else None
        if missed is None:
            stream.draw_anew(self.last)
        else:
            stream.hear(missed, self.last)
        self._streams.add(stream)
        self._of_session[stream.owner] += 1
        self._seated(self._came, stream)

    def _remove(self, stream: Stream) -> None:
        self._streams.discard(stream)
        self._of_session -= Counter([stream.owner])  # also forgets owners without streams
        self._seated(self._left, stream)

    def _seated(self, noted: list[Stream], stream: Stream) -> None:
        """Leaves it to the loop to note who looks at a ticket, however many come or leave at once."""
        LIVE_STREAMS.set(len(self._streams))
        if stream.tickets:
            noted.append(stream)
            self._wakeup.set()

    def close(self) -> None:
        """Ends all streams at once, and opens no more."""
        self._closed = True
        for stream in self._streams:
            stream.end()

    # ── what has changed ─────────────────────────────────────────────────────────────────────

    async def run(self) -> None:
        """Reads what changes and hands it out, until cancelled."""
        while True:
            try:
                await self._read()
                await self._note_viewers()
                await self._refresh_viewers()
            except TRANSIENT as error:
                log.warning("open pages hear nothing for a moment: %s", error)
            await asyncio.sleep(PAUSE)
            await wait_for_wakeup(self._wakeup, LOOKS)

    async def _read(self) -> None:
        recent = self._recent or await self._begin()
        while True:
            async with self._database.connection() as tx:
                rows = await tx.fetch(queries.after, recent.last, AT_ONCE)
            for row in rows:
                recent.add(row["id"], row["key"])
            changed = {row["key"] for row in rows}
            for stream in self._streams if changed else ():
                stream.hear(changed, recent.last)
            if len(rows) < AT_ONCE:
                return

    async def _begin(self) -> Recent:
        """Reads what had changed before; pages that came earlier draw themselves anew, for what they know is not known here."""
        async with self._database.connection() as tx:
            rows = await tx.fetch(queries.newest, AT_ONCE)
        self._recent = Recent([(row["id"], row["key"]) for row in reversed(rows)], complete=len(rows) < AT_ONCE)
        for stream in self._streams:
            stream.draw_anew(self.last)
        return self._recent

    # ── who looks ────────────────────────────────────────────────────────────────────────────

    async def _note_viewers(self) -> None:
        """Notes who has come to tickets and who has left them since the last turn."""
        came, left = len(self._came), len(self._left)  # more may come meanwhile
        if came or left:
            async with self._database.transaction() as tx:
                await viewing.note(tx, self._came[:came], self._left[:left])
            del self._came[:came], self._left[:left]

    async def _refresh_viewers(self) -> None:
        """Says every few seconds which tickets are still open somewhere."""
        now = asyncio.get_running_loop().time()
        if now < self._look_at:
            return
        self._look_at = now + LOOKS
        looking = [stream for stream in self._streams if stream.tickets]
        if looking:
            async with self._database.transaction() as tx:
                await viewing.refresh(tx, looking)
