"""Reads rows of a stream in a thread, so that a caller is not blocked until the next row comes."""

from collections.abc import Iterator
from dataclasses import dataclass
from queue import Empty, Queue
from threading import Thread
from typing import TypeVar

T = TypeVar("T")

WAITING = 100  # items that were read ahead of the caller: rows may be long
PATIENCE = 0.2  # seconds without an item after which the caller gets `idle`


@dataclass(frozen=True)
class _End:
    """Marks the end of the items; `error` is what reading them raised."""

    error: Exception | None = None


def arriving(items: Iterator[T], idle: T) -> Iterator[T]:
    """Yields the items as they come, and `idle` whenever none has come for a fifth of a second. Raises what reading them raises.

    The thread is not joined when the caller stops: it may be waiting for a line that never comes.
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
