"""Remembers which keys changed last, so that a page that comes back hears what it has missed. Pure."""

from collections import OrderedDict
from collections.abc import Collection, Sequence


class Recent:
    """Holds the latest change of each key, of the last `most` keys that changed; a key that changed often counts once."""

    def __init__(self, changes: Sequence[tuple[int, str]] = (), *, complete: bool = True, most: int = 20_000) -> None:
        """Starts from the changes that are stored, in their order; `complete`: there were none before them."""
        self._most = most
        self._latest: OrderedDict[str, int] = OrderedDict()
        self.last = 0  # the id of the latest change
        self._forgotten = 0 if complete or not changes else changes[0][0] - 1  # the latest change that may be unknown here
        for id_, key in changes:
            self.add(id_, key)

    def add(self, id_: int, key: str) -> None:
        """Takes one change, each with a higher id than the one before."""
        self._latest[key] = self.last = id_
        self._latest.move_to_end(key)
        if len(self._latest) > self._most:
            self._forgotten = self._latest.popitem(last=False)[1]

    def since(self, id_: int, keys: Collection[str]) -> list[str] | None:
        """Returns which of these keys have changed after the change with this id; None when that is not known any more."""
        if id_ < self._forgotten or id_ > self.last:
            return None
        return [key for key in keys if self._latest.get(key, 0) > id_]
