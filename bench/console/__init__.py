"""The console: how long its pages take with a million customers, how far it is behind, and how fast it is built anew."""

from argparse import ArgumentParser, Namespace

from bench.console import following, pages, rebuilding


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--console-seconds", type=int, default=60, help="console: how long a thousand facts a second come in")
    parser.add_argument("--console-facts", type=int, default=1_000_000, help="console: facts of the rebuild")


async def measure(said: Namespace) -> dict[str, object]:
    return {"bench": "console", **await pages.measure(said), **await following.measure(said), **await rebuilding.measure(said)}
