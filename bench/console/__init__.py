"""The console: how long its pages take with a million customers, how far it is behind, and how fast it is built anew."""

from argparse import ArgumentParser, Namespace

from bench.console import following, pages, rebuilding
from bench.servers import servers


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--console-seconds", type=int, default=60, help="console: how long a thousand facts a second come in")
    parser.add_argument("--console-facts", type=int, default=1_000_000, help="console: facts of the rebuild")


async def measure(said: Namespace) -> dict[str, object]:
    """Measures with ten of everything, with a million (the console reads new facts beside them, too), and from nothing."""
    async with servers() as of:
        few = await pages.with_few(of)
    async with servers() as of:
        many = await pages.with_many(of)
        behind = await following.measure(of, said)
    async with servers() as of:
        rebuilt = await rebuilding.measure(of, said)
    return {"bench": "console", **pages.compared(few, many), **behind, **rebuilt}
