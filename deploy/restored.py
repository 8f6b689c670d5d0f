"""Finishes the restore of a database: applies roles and migrations of this version, and leaves out ticket numbers that mails may have.

Tickets that were opened since the backup are lost, but their customers have the numbers in their mails.
`python -m deploy.restored 10000` goes on so many numbers after the last that the backup knows.
"""

import asyncio
import logging
import sys

from deploy.init import InitSettings, connect, prepare_database
from deploy.roles import role_of
from shared.configuration.files import ConfigError
from shared.observing import logs

TICKETING = "ticketing"
NUMBERS = 10_000  # left out when the command line names no number

SKIP = "SELECT setval('ticketing.ticket_numbers', (SELECT last_value FROM ticketing.ticket_numbers) + $1)"

log = logging.getLogger("deploy.restored")


async def restored(settings: InitSettings, numbers: int) -> int:
    """Returns the last ticket number that is left out. Doing it twice leaves out as many again and does no harm."""
    await prepare_database(settings)
    connection = await connect(settings, role_of(TICKETING), settings.password_of(TICKETING))
    try:
        last: int = await connection.fetchval(SKIP, numbers)
    finally:
        await connection.close()
    log.info("the next ticket has number %d", last + 1)
    return last


if __name__ == "__main__":
    logs.configure("%(message)s")
    try:
        asyncio.run(restored(InitSettings(), int(sys.argv[1]) if len(sys.argv) > 1 else NUMBERS))
    except (ConfigError, ValueError) as error:
        sys.exit(str(error))
