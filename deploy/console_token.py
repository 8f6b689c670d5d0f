"""Makes the console's token known: its hash goes into the file of tokens, as that of the caller `console`, who may act for others.

Only a file of ours is written, one that `forewarn tokens` or `deploy.secrets` wrote before. Of any other the operator is told.
"""

from datetime import datetime
from functools import partial
from pathlib import Path

from deploy import tokens_file
from deploy.tokens_file import Refused
from shared.configuration.files import ConfigError
from shared.http.tokens import sha256
from shared.http.tokens_file import Entry, Token, TokensFile
from shared.identity import Role

CALLER = "console"
BY_HAND = f"`forewarn tokens add {CALLER} --role operator --may-act-for-others` prints a token for FOREWARN_CONSOLE_TOKEN"


def make_known(path: Path, token: str, now: datetime) -> str | None:
    """Adds the console to the file unless its token is there. Returns what was done or what hinders it, in a sentence; None: nothing."""
    try:
        if knows(tokens_file.read(path), token):
            return None
        if not tokens_file.is_ours(path):
            return f"the console's token is not in the file of tokens, which is not ours to write: {BY_HAND}"
        refused = tokens_file.change(path, partial(with_console, token=token, now=now))
    except (ConfigError, OSError) as error:
        return f"the console's token cannot be put into the file of tokens: {error}"
    return refused.why if refused else "made the console's token known to the services"


def knows(held: TokensFile, token: str) -> bool:
    """Returns True when somebody in the file has this token."""
    return sha256(token) in held.holders()


def with_console(held: TokensFile, token: str, now: datetime) -> TokensFile | Refused:
    """Returns the file with the console in it. A `console` with another token may be a program of the operator's: it stays as it is."""
    if CALLER in held.callers:
        return Refused(
            f"`{CALLER}` in the file of tokens has another token than the console: `forewarn tokens revoke {CALLER}`, "
            f"and bring the stack up again; or, where a program of yours has it, by another name {BY_HAND}"
        )
    entry = Entry(role=Role.OPERATOR, may_act_for_others=True, tokens=(Token(sha256=sha256(token), created_at=now),))
    return TokensFile(callers={**held.callers, CALLER: entry})
