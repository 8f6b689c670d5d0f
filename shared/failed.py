"""Says why something that a person asked for did not happen, in lines for them."""


class Failed(Exception):
    """Something that was asked for cannot be done or has ended too early; each argument is a line that says why."""

    def __str__(self) -> str:
        return "\n".join(map(str, self.args))
