"""Writes to the terminal safely, and is the only way there: no text can move its cursor, change its colours or turn the text around.

`say` is for lines, `Screen` for pictures that move; and `guarded` is for what libraries write to the standard streams by themselves:
mistakes in a command line, warnings, tracebacks.
"""

import io
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TextIO, cast

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from shared.observing.printable import printable
from shared.observing.visible import visible

LONGEST = 50_000  # characters of a line


def say(*lines: object, error: bool = False, longest: int = LONGEST) -> None:
    """Prints each argument as one line, whatever stands in it; on standard error when it is about an `error`. Cuts what is longer."""
    stream = Visible(sys.stderr if error else sys.stdout)
    stream.write("".join(f"{printable(line, longest)}\n" for line in lines))
    stream.flush()


class Visible(io.TextIOBase):
    """Escapes what cannot be seen, but for line ends and tabs, and what the terminal's encoding lacks."""

    def __init__(self, under: TextIO) -> None:
        self.under = under

    @property
    def encoding(self) -> str:  # type: ignore[override]  # an attribute in typeshed
        return self.under.encoding or "utf-8"

    def write(self, text: str) -> int:
        self.under.write(_in(self.encoding, visible(text, keep="\n\t")))
        return len(text)

    def flush(self) -> None:
        self.under.flush()

    def isatty(self) -> bool:
        return self.under.isatty()

    def fileno(self) -> int:
        return self.under.fileno()

    def writable(self) -> bool:
        return True


@contextmanager
def guarded() -> Iterator[None]:
    """Escapes everything that is written to standard output and standard error while the context lasts."""
    with redirect_stdout(cast(TextIO, Visible(sys.stdout))), redirect_stderr(cast(TextIO, Visible(sys.stderr))):
        yield


class Screen(Console):
    """Draws to a stream. The words of a picture are escaped before it is laid out, and are never read as markup."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(file=_bare(stream), markup=False, emoji=False, highlight=False)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Renders as rich does, without hyperlinks: we write none, so one comes from text that was taken for markup."""
        for text, style, control in super().render(renderable, options):
            if control:
                yield Segment(text, style, control)
            else:
                unlinked = style.update_link(None) if style and style.link else style
                yield Segment(_in(self.encoding, visible(text, keep="\n")), unlinked)


def _bare(stream: TextIO) -> TextIO:
    """Returns the stream under `guarded`, since rich's own cursor moves are wanted."""
    while isinstance(stream, Visible):
        stream = stream.under
    return stream


def _in(encoding: str, text: str) -> str:
    return text.encode(encoding, "backslashreplace").decode(encoding)
