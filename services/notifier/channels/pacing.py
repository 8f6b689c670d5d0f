"""Spaces the calls to each destination, as its provider asks for. Pure: `now` is any clock that only goes forward, in seconds."""

REMEMBERED = 10_000  # destinations, before those whose time has passed are forgotten


class Pace:
    """A turn every so many seconds for each destination; who comes earlier waits, or comes again when that is too long."""

    def __init__(self, every: float, patience: float) -> None:
        """`every`: seconds between two turns. `patience`: the longest that a call waits for its turn, in seconds."""
        self._every, self._patience = every, patience
        self._free_at: dict[str, float] = {}

    @property
    def known(self) -> int:
        """Returns the number of destinations that are remembered."""
        return len(self._free_at)

    def take(self, destination: str, now: float) -> tuple[float, bool]:
        """Returns the seconds until the next turn, and whether it was taken: it is not when that is longer than the patience."""
        free_at = max(self._free_at.get(destination, now), now)
        if free_at - now > self._patience:
            return free_at - now, False
        self._forget(now)
        self._free_at[destination] = free_at + self._every
        return free_at - now, True

    def hold(self, destination: str, until: float) -> None:
        """Gives no turn before that moment: the provider said so."""
        self._free_at[destination] = max(self._free_at.get(destination, until), until)

    def _forget(self, now: float) -> None:
        if len(self._free_at) >= REMEMBERED:
            self._free_at = {destination: at for destination, at in self._free_at.items() if at > now}
