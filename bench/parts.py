"""The benchmark's parts: one file and one line each."""

from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bench import console, fold, mapping, monitor, notifier, retail


@dataclass(frozen=True)
class Part:
    """What it adds to the command line, and what it measures: the figures of one JSON object."""

    arguments: Callable[[ArgumentParser], None]
    measure: Callable[[Namespace], Awaitable[dict[str, object]]]


PARTS = {
    "fold": Part(fold.arguments, fold.measure),
    "mapping": Part(mapping.arguments, mapping.measure),
    "monitor": Part(monitor.arguments, monitor.measure),
    "console": Part(console.arguments, console.measure),
    "notifier": Part(notifier.arguments, notifier.measure),
    "retail": Part(retail.arguments, retail.measure),
}
