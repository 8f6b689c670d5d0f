"""Reads files as rows: CSV, JSON lines or an access log, plain, gzipped or inside a zip. A line at a time, however large the file."""

import csv
import gzip
import io
import lzma
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any, TextIO

import msgspec

from deploy.local.mappings.access_log import IN_ACCESS_LOG, access_log_row
from deploy.local.mappings.file import Mapping
from deploy.local.processes import Failed
from shared.cloudevents import is_deep

STANDARD_INPUT = "-"
GZIP = b"\x1f\x8b"  # RFC 1952, section 2.3.1
LONGEST = 4 << 20  # characters; a longer line comes in pieces, which fit nothing

# The unpackers raise these: RuntimeError for a password, NotImplementedError for a version or method, UnicodeError for a name.
DAMAGED = (EOFError, RuntimeError, UnicodeError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)

Row = dict[str, Any]  # column → text, or what JSON has there; `file`, `stem` and `row` beside them


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for a row that cannot be read, and says why."""

    reason: str
    detail: str


@dataclass
class Place:
    """Says how far a file was read."""

    line: int = 0  # the one that was read last


@dataclass(frozen=True)
class Input:
    """Is one open file. `done` and `size` are in the same unit, for a progress bar."""

    name: str  # without folders and without .gz, so that the same file has one name however it is packed
    text: Callable[[], TextIO]  # called once; standard input is only then waited for
    size: int | None  # None: it is not known
    done: Callable[[], int]
    at: Place = field(default_factory=Place)


@contextmanager
def opened(said: str, encoding: str) -> Iterator[list[Input]]:
    """Opens the file; or of a zip its only file, or all that `x.zip:name` or `x.zip:pattern*` mean; or standard input for `-`.

    Raises Failed or OSError.
    """
    if said == STANDARD_INPUT:
        yield [Input("stdin", partial(_standard_input, encoding), None, lambda: 0)]
        return
    path, _, member = said, "", ""
    if not Path(said).exists() and ".zip:" in said:
        path, _, member = said.rpartition(":")
    if not stat.S_ISREG(Path(path).stat().st_mode):  # a pipe or a device may never end
        raise Failed(f"{path} is no file")
    with ExitStack() as files:
        try:
            inputs = _members(files, path, member, encoding) if zipfile.is_zipfile(path) else [_plain(files, Path(path), encoding)]
        except DAMAGED as error:
            raise Failed(f"{path} cannot be read: {error}") from None
        yield inputs


def _plain(files: ExitStack, path: Path, encoding: str) -> Input:
    raw: IO[bytes] = files.enter_context(path.open("rb"))
    packed = raw.read(2) == GZIP
    raw.seek(0)
    plain = files.enter_context(gzip.GzipFile(fileobj=raw)) if packed else raw
    name = path.name.removesuffix(".gz") if packed else path.name
    return Input(name, _open(_text(plain, encoding)), path.stat().st_size, raw.tell)


def _standard_input(encoding: str) -> TextIO:
    """Opens standard input, and never closes it: a thread that still waits for a line would block the close."""
    raw = io.BufferedReader(io.FileIO(0, closefd=False))
    begins = raw.peek(4)[:4]
    if begins == b"PK\x03\x04":  # https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.7
        raise Failed("a zip is read from its end, so not from standard input: name the file")
    return _text(gzip.GzipFile(fileobj=raw) if begins[:2] == GZIP else raw, encoding)


def _members(files: ExitStack, path: str, pattern: str, encoding: str) -> list[Input]:
    packed = files.enter_context(zipfile.ZipFile(path))
    held = [info for info in packed.infolist() if not info.is_dir()]
    found = [info for info in held if fnmatchcase(info.filename, pattern)] if pattern else held
    if not found or (not pattern and len(found) > 1):
        names = ", ".join(info.filename for info in held[:20]) or "nothing"
        raise Failed(f"{path} holds {names}{', …' if len(held) > 20 else ''}; say which as {path}:name, or several as {path}:folder/*.csv")
    inputs = []
    for info in found:
        member = files.enter_context(packed.open(info))
        text = _open(_text(member, encoding))
        inputs.append(Input(PurePosixPath(info.filename).name, text, info.file_size, member.tell))
    return inputs


def _open(text: TextIO) -> Callable[[], TextIO]:
    return lambda: text


def _text(raw: Any, encoding: str) -> TextIO:
    """Decodes text; bytes that are not text become lone surrogates, which no event can hold: the row is refused, and the next one read."""
    return io.TextIOWrapper(raw, encoding, errors="surrogateescape", newline="")


def rows(source: Input, mapping: Mapping, needed: frozenset[str]) -> Iterator[Row | Unreadable]:
    """Yields the file's rows, in its order. Raises Failed when it has no column of a name in `needed`."""
    read = lines(source)
    match mapping.format:
        case "csv":
            found = _csv(read, mapping, source.name, needed)
        case "json":
            found = _json(read)
        case "access-log":
            _require(needed, IN_ACCESS_LOG, source.name)
            found = _access_log(read)
    own = {"file": source.name, "stem": PurePosixPath(source.name).stem}
    for number, row in enumerate(found, 1):
        yield row if isinstance(row, Unreadable) else {**own, "row": str(number), **row}


def lines(source: Input) -> Iterator[str]:
    """Yields the lines of one file; of those that are too long, pieces. Raises Failed when it is damaged or in another encoding."""
    begins = True
    try:
        for piece in iter(partial(source.text().readline, LONGEST), ""):
            source.at.line += begins
            begins = piece.endswith(("\n", "\r"))
            yield piece
    except UnicodeError as error:
        raise Failed(f"{source.name} is not in the encoding that the mapping says: {error}") from None
    except (OSError, *DAMAGED) as error:
        raise Failed(f"{source.name} is damaged: {error}") from None


def _require(needed: frozenset[str], has: frozenset[str], name: str) -> None:
    if lacking := needed - has:
        raise Failed(f"{name} has no column {', '.join(sorted(lacking))}; it has {', '.join(sorted(has))}")


def _csv(lines: Iterator[str], mapping: Mapping, name: str, needed: frozenset[str]) -> Iterator[Row | Unreadable]:
    reader = csv.reader(lines, delimiter=mapping.delimiter)
    try:
        columns = _distinct(mapping.columns or next(reader, []))
    except csv.Error as error:
        raise Failed(f"{name}: the first line is no CSV: {error}") from None
    _require(needed, frozenset(columns), name)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:  # it goes on with the next line
            yield Unreadable("not_csv", str(error))
            continue
        if len(row) == len(columns):
            yield dict(zip(columns, row, strict=True))
        elif row:  # a line that is empty is no row
            yield Unreadable("wrong_columns", f"{len(row)}, and not {len(columns)}")


def _distinct(columns: list[str]) -> list[str]:
    """Numbers names that come again: `category`, `category_2`."""
    return [name if (before := columns[:at].count(name)) == 0 else f"{name}_{before + 1}" for at, name in enumerate(columns)]


def _json(lines: Iterator[str]) -> Iterator[Row | Unreadable]:
    for line in lines:
        if line.isspace():
            continue
        try:
            row = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            yield Unreadable("not_json", "malformed")
            continue
        if not isinstance(row, dict) or is_deep(row):
            yield Unreadable("not_json", "nested too deep" if isinstance(row, dict) else "not an object")
        else:
            yield dict(_flat(row, ""))


def _flat(held: dict[str, Any], before: str) -> Iterator[tuple[str, Any]]:
    """Yields a nested object's fields as columns, too: `user.id`."""
    for name, value in held.items():
        yield before + name, value
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")


def _access_log(lines: Iterator[str]) -> Iterator[Row | Unreadable]:
    for line in lines:
        if not line.isspace():
            yield access_log_row(line.rstrip("\r\n")) or Unreadable("not_a_log_line", "neither combined nor common log format")
