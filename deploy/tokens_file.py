"""Writes the file of tokens: one writer at a time, and a reader finds the old file or the new one, never half of one."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from shared.configuration.files import load
from shared.http.tokens_file import TokensFile

MODE = 0o640  # hashes are not secret, but only the services need to read them
HEAD = "# Written by `forewarn tokens`. It holds SHA-256 hashes, never a token; services read it again when it changes.\n"


@dataclass(frozen=True)
class Refused:
    """Says why a change is not made."""

    why: str


Change = Callable[[TokensFile], TokensFile | Refused]


def ensure(path: Path) -> bool:
    """Makes a file without tokens unless there is one; returns True when it made one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(path.parent):
        if path.exists():
            return False
        _replace(path, HEAD + "callers: {}\n")
        return True


def is_ours(path: Path) -> bool:
    """Returns True when this module wrote the file last, so that writing it again loses no comment and no order of somebody else's."""
    return path.read_text().startswith(HEAD)


def read(path: Path) -> TokensFile:
    """Returns what the file holds; no tokens when there is none yet. Raises ConfigError with every mistake and its line."""
    return load(path, TokensFile) if path.exists() else TokensFile()


def change(path: Path, decide: Change) -> Refused | None:
    """Reads, decides and writes under a lock, so that of two changes at once none is lost. Raises ConfigError and OSError."""
    path = Path(os.path.realpath(path))  # a symbolic link stays a link
    with _alone(path.parent):
        decided = decide(read(path))
        if isinstance(decided, Refused):
            return decided
        _replace(path, HEAD + yaml.safe_dump(decided.model_dump(mode="json", exclude_none=True), sort_keys=False, allow_unicode=True))
    return None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Holds an advisory lock on the folder, since the file itself is a new one after each change."""
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _replace(path: Path, text: str) -> None:
    """Writes beside the file, then renames the new one into its place, with the old one's owner: the services must be able to read it."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)  # a killed writer may have left one; there is only one writer at a time
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE), "w") as file:
            os.fchmod(file.fileno(), MODE)  # whatever the umask is
            if path.exists():
                _give(file.fileno(), path)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _give(new: int, path: Path) -> None:
    """Gives the new file to the owner of the old one."""
    was, made = path.stat(), os.fstat(new)
    if (was.st_uid, was.st_gid) == (made.st_uid, made.st_gid):
        return
    try:
        os.fchown(new, was.st_uid, was.st_gid)
    except PermissionError as error:
        why = f"it belongs to user {was.st_uid}, group {was.st_gid}: run this as that user or as root"
        raise PermissionError(error.errno, why, str(path)) from None
