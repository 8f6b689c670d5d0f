"""Runs uvicorn with our connections, and no more of them than there are file descriptors."""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Iterator
from functools import partial

import uvicorn
from starlette.types import ASGIApp

from shared.http.connections import Connection, Connections
from shared.settings import Settings

log = logging.getLogger(__name__)

BACKLOG = 512  # connections that the kernel holds until we take them; all can come at once
OTHERS = 256  # file descriptors for everything that is no connection of a client


class Server(uvicorn.Server):
    """Is uvicorn without its own signal handlers: the code that starts it decides when to stop."""

    def __init__(self, app: ASGIApp, settings: Settings, port: int | None = None, *, servers: int = 1) -> None:
        """Takes a `port` where it is not that of the settings; `servers`: how many the process has, each with as many connections."""
        self.connections = Connections(settings, _affordable(settings.http_connections, servers))
        super().__init__(
            uvicorn.Config(
                app,
                settings.http_host,
                settings.http_port if port is None else port,
                http=partial(Connection, connections=self.connections),  # type: ignore[arg-type]
                ws="none",
                lifespan="off",
                backlog=BACKLOG,
                timeout_keep_alive=settings.http_idle_seconds,
                log_config=None,
                log_level="warning",
                access_log=False,
                proxy_headers=False,  # nothing asks where a request came from
                server_header=False,
            )
        )

    async def on_tick(self, counter: int) -> bool:
        """Closes expired connections; uvicorn calls it ten times a second."""
        if counter % 5 == 0:
            self.connections.sweep(asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _affordable(connections: int, servers: int) -> int:
    """Returns how many connections a server may have: as many as asked, or fewer where the process may not open so many files.

    The soft limit on open files is raised to what is needed.
    """
    if sys.platform == "win32":
        return connections
    import resource  # noqa: PLC0415  not there on Windows

    needed = (connections + BACKLOG) * servers + OTHERS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < needed and soft != resource.RLIM_INFINITY:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return connections
    affordable = max((soft - OTHERS) // servers - BACKLOG, soft // (2 * servers))
    log.warning("HTTP connections are limited to %d: the process may open only %d files (ulimit -n)", affordable, soft)
    return affordable
