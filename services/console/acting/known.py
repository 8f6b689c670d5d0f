"""Says at start whether the console's own token lets people act: as far as the file of tokens tells, which the three services read too."""

import logging
from datetime import UTC, datetime
from pathlib import Path

from services.console.settings import ConsoleSettings
from shared.configuration.files import ConfigError, load
from shared.http.tokens import sha256
from shared.http.tokens_file import TokensFile
from shared.identity import Holder, Role

log = logging.getLogger(__name__)

REMEDY = (
    "Whatever people do here will be refused until the services that it asks know its token: "
    "`forewarn tokens add console --role operator --may-act-for-others` prints one for FOREWARN_CONSOLE_TOKEN"
)


async def say_what_is_missing(settings: ConsoleSettings) -> None:
    """Warns once, and refuses nothing: reading works without a token, and the three may have a file of their own."""
    if why := trouble(settings, datetime.now(UTC)):  # noqa: TID251  the edge
        log.warning("%s. %s", why, REMEDY)


def trouble(settings: ConsoleSettings, now: datetime) -> str | None:
    """Returns why the three will not let the console act for people; None when they will, by the file that this process has."""
    if not settings.tokens_file:
        return "FOREWARN_TOKENS_FILE names no file, and only a token of that file may act for others"
    try:
        holders = load(Path(settings.tokens_file), TokensFile).holders()
    except ConfigError as error:
        return f"the file of tokens cannot be read: {error}"
    return _insufficient(holders.get(sha256(settings.console_token.get_secret_value())), now)


def _insufficient(holder: Holder | None, now: datetime) -> str | None:
    if holder is None:
        return "the console's token is not in the file of tokens"
    if not holder.works(now):
        return f"the console's token, that of {holder.caller.name}, has ended"
    if not holder.may_act_for_others:
        return f"{holder.caller.name}, whose token the console has, may not act for others"
    if holder.caller.role is not Role.OPERATOR:
        return f"{holder.caller.name}, whose token the console has, is no operator but {holder.caller.role}"
    return None
