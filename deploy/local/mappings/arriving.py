"""Rows of a stream come when they come: they are read in a thread, so that nobody who waits for one is held up."""

from collections.abc import Iterator
from dataclasses import dataclass
from queue import Empty, Queue
from threading import Thread
from typing import TypeVar

T = TypeVar("T")

WAITING = 100  # items that were read and are not asked for yet: rows may be long
PATIENCE = 0.2  # seconds without one after which whoever asks gets its turn back


@dataclass(frozen=True)
class _End:
    """There are no more; `error` is what reading them raised."""

    error: Exception | None = None


def arriving(items: Iterator[T], idle: T) -> Iterator[T]:
    """The items as they come, and `idle` whenever none has come for a fifth of a second. Raises what reading them raises.

    The thread is left behind when nobody asks any more: it may be waiting for a line that never comes.
    """
    queue: Queue[T | _End] = Queue(WAITING)
    Thread(target=_read, args=(items, queue), daemon=True).start()
    while True:
        try:
            came = queue.get(timeout=PATIENCE)
        except Empty:
            yield idle
            continue
        if not isinstance(came, _End):
            yield came
        elif came.error is not None:
            raise came.error
        else:
            return


def _read(items: Iterator[T], queue: "Queue[T | _End]") -> None:
    try:
        for item in items:
            queue.put(item)
        queue.put(_End())
    except Exception as error:  # noqa: BLE001  it is raised where the items are waited for
        queue.put(_End(error))
