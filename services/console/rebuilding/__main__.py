"""`python -m services.console.rebuilding`: makes the console's read model anew, while the console serves."""

import asyncio
import sys
from collections.abc import Sequence

from aiokafka.errors import KafkaError

from services.console.rebuilding.rebuild import BOTH, Busy, Say, rebuild
from services.console.rebuilding.tables import NoSchema, Overtaken
from services.console.rebuilding.topics import Silent, kafka
from services.console.settings import ConsoleSettings
from shared.configuration.files import ConfigError
from shared.connecting.brokers import brokers_of
from shared.observing.visible import visible
from shared.postgres import TRANSIENT, Database

FORGET_OLDER = "--forget-older"


async def rebuild_with(settings: ConsoleSettings, say: Say, *, forget_older: bool) -> int:
    """Rebuilds by the console's own settings. Returns the exit code, after a sentence about what went wrong."""
    database = Database(settings, BOTH)
    await database.open()
    try:
        async with kafka(brokers_of(settings)) as source:
            taken = await rebuild(database, source, settings, say, forget_older=forget_older)
    except (NoSchema, Overtaken, Busy, Silent, KafkaError, *TRANSIENT) as error:
        say(f"not rebuilt, and the tables that serve are as they were: {error}")
        return 1
    finally:
        await database.close()
    say(f"rebuilt from {taken:,} facts")
    return 0


def main(arguments: Sequence[str]) -> int:
    """Runs the command. Returns the exit code."""
    if set(arguments) - {FORGET_OLDER}:
        print(f"the only option is {FORGET_OLDER}: keep no row that is older than what the topics still have", file=sys.stderr)
        return 2
    try:
        settings = ConsoleSettings()
    except ConfigError as error:
        print(visible(str(error), keep="\n"), file=sys.stderr)
        return 1
    return asyncio.run(rebuild_with(settings, lambda line: print(visible(line), flush=True), forget_older=FORGET_OLDER in arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
