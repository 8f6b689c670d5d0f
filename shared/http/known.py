"""Finds whose token it is: by the shared tokens of the environment, and the file of tokens, which is read again whenever it changes."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from shared import metrics
from shared.configuration.files import ConfigError, load
from shared.http.tokens import sha256
from shared.http.tokens_file import TokensFile
from shared.identity import Caller, Holder, Role
from shared.settings import Settings

log = logging.getLogger(__name__)

EVERY = 1.0  # seconds between two looks at the file, at least

Version = tuple[int, int, int, int]  # of a file: it changes with the file's content, and with who may read it


class Known:
    """Finds who holds a token. A file that cannot be read leaves the callers as they were, and is an error in log and metrics."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        shared = {Role.PRODUCER: settings.producer_token, Role.AGENT: settings.agent_token, Role.OPERATOR: settings.operator_token}
        secrets = {role: secret.get_secret_value() for role, secret in shared.items()}
        # A role's shared token has the role's name as its caller.
        self._shared = {sha256(secret): Holder(Caller(str(role), role)) for role, secret in secrets.items() if secret}
        self._named: dict[str, Holder] = {}
        self._path = Path(settings.tokens_file) if settings.tokens_file else None
        self._clock, self._looked_at = clock, clock()
        self._looking = asyncio.Lock()
        self._version: Version | None = 0, 0, 0, 0  # that of no file, so that the first check reads the file
        if self._path:
            self._look(self._path)

    def holder(self, token: str, now: datetime) -> Holder | None:
        """Returns who has this token, unless it has stopped working."""
        key = sha256(token)
        found = self._named.get(key) or self._shared.get(key)
        return found if found and found.works(now) else None

    async def look_again(self) -> None:
        """Reads the file when it has changed; checks it once a second at most, and delays only the request that checks."""
        now = self._clock()
        if self._path is None or self._looking.locked() or now - self._looked_at < EVERY:
            return
        async with self._looking:
            self._looked_at = now
            await asyncio.to_thread(self._look, self._path)

    def _look(self, path: Path) -> None:
        version = _version(path)  # before the file is read, so that what is written meanwhile is seen next time
        if version == self._version:
            return
        self._version = version
        try:
            self._named = load(path, TokensFile).holders()
        except ConfigError as error:
            metrics.TOKENS_FILE_BROKEN.set(1)
            log.error("the file of tokens cannot be read, so the %d tokens known before count on: %s", len(self._named), error)
        else:
            metrics.TOKENS_FILE_BROKEN.set(0)
            log.info("tokens known: %d of the file, %d shared ones", len(self._named), len(self._shared))


def _version(path: Path) -> Version | None:
    """Returns the file's version; None when there is no file, or none that may be looked at."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
