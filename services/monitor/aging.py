"""What was touched when, so that what nothing touches any more can be let go. Pure."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Ages:
    """When each key was last touched, on the wall clock, the longest untouched first."""

    _touched: dict[int, float] = field(default_factory=dict)

    def touch(self, key: int, now: float) -> None:
        self._touched.pop(key, None)
        self._touched[key] = now

    def forget(self, before: float) -> list[int]:
        """Lets go of what was not touched since `before`; returns it."""
        gone = []
        for key, touched in self._touched.items():
            if touched >= before:
                break  # the rest was touched later
            gone.append(key)
        for key in gone:
            del self._touched[key]
        return gone
