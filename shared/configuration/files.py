"""Loads YAML configuration, or says where it is wrong: file, line, and what is expected there.

Beside mistakes there are doubts: values that are allowed but unlikely to be intended. They are reported and change nothing.
"""

import logging
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import ErrorDetails

from shared.configuration.strict_yaml import LARGEST, Unsound, compose, surprises, value_of

log = logging.getLogger(__name__)

MOST_SHOWN = 100  # mistakes of one file
LONGEST = timedelta(days=3650)
LEGIBLE = 60  # characters that are shown of what stands there

Location = tuple[int | str, ...]


# ── one sentence a mistake ───────────────────────────────────────────────────────────────────


def meant(what: str) -> WrapValidator:
    """Says in one sentence that something else is meant here, where pydantic would give a reason for each member of a union."""

    def judge(said: object, validate: ValidatorFunctionWrapHandler) -> object:
        try:
            return validate(said)
        except ValidationError:
            raise ValueError(f"{_shown(said)} is not {what}") from None

    return WrapValidator(judge)


def _shown(said: object) -> str:
    match said:
        case Mapping():
            return "an object"
        case list() | tuple():
            return "a list"
        case None:
            return "null"
        case str():
            return repr(said if len(said) <= LEGIBLE else f"{said[:LEGIBLE]}…")
        case bool():
            return str(said).lower()
    return str(said)


# ── durations ────────────────────────────────────────────────────────────────────────────────

_in_units = re.compile(r"(-?)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII).fullmatch


def _read_units(said: object) -> object:
    """Reads `15s`, `10m`, `4h`, `7d`, `1h30m`; anything else is left to pydantic, which knows ISO 8601 and numbers of seconds."""
    if isinstance(said, bool):
        raise ValueError(f"{_shown(said)} is not {A_DURATION}")
    if not isinstance(said, str) or not said.removeprefix("-"):
        return said
    parts = _in_units(said)
    if parts is None:
        return said
    days, hours, minutes, seconds = (int(part or 0) for part in parts.groups()[1:])
    try:
        length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        length = 2 * LONGEST
    return -length if parts[1] else length


def _from_zero(duration: timedelta) -> timedelta:
    if not timedelta() <= duration <= LONGEST:
        raise ValueError("a duration here is between 0s and 3650d (10 years)")
    return duration


def _above_zero(duration: timedelta) -> timedelta:
    if not timedelta() < duration <= LONGEST:
        raise ValueError("a duration here is above 0s and at most 3650d (10 years)")
    return duration


A_DURATION = "a duration, which is written 15s, 10m, 4h, 7d or 1h30m"
_Read = Annotated[timedelta, meant(A_DURATION), BeforeValidator(_read_units)]
Duration = Annotated[_Read, AfterValidator(_from_zero)]
PositiveDuration = Annotated[_Read, AfterValidator(_above_zero)]


# ── files ────────────────────────────────────────────────────────────────────────────────────


class Config(BaseModel):
    """Is a section of a configuration file: unknown keys are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def doubts(self) -> Iterable[str]:
        """Yields what is allowed in this section but unlikely to be intended."""
        return ()


C = TypeVar("C", bound=BaseModel)


class ConfigError(Exception):
    """The file does not say what it must; one line per mistake, each `file:line: where: what`."""


def file_of(name: str, folders: Sequence[Path]) -> Path:
    """Returns the file of that name in the first folder that has one, else its place in the last folder.

    An operator's own file comes before the shipped one. Raises ConfigError when a folder cannot be looked into.
    """
    for folder in folders[:-1]:
        path = folder / name
        try:
            path.lstat()  # a dangling link counts as a file: it is a mistake, and no reason to take the shipped file
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}") from None
        return path
    return folders[-1] / name


def load(path: Path, model: type[C], warn: Callable[[str], object] = log.warning) -> C:
    """Returns the file as `model`; `warn` is called with each doubt as `file:line: where: what`. Raises ConfigError with every mistake."""
    read, doubts = _read_once(content_of(path), str(path), model)
    return _warned(cast(C, read), doubts, warn)


def parse(raw: bytes, name: str, model: type[C], warn: Callable[[str], object] = log.warning) -> C:
    """Returns a text as `model`, as `load` does with a file; `name` stands for the file in what is said of it."""
    return _warned(*_read(raw, name, model), warn)


def _read(raw: bytes, name: str, model: type[C]) -> tuple[C, Sequence[str]]:
    """Returns a text as `model`, and each doubt about it."""
    try:
        node = compose(raw)
    except Unsound as error:
        places = [f"{name}:{line}: {what}" for line, what in error.places[:MOST_SHOWN]]
        raise ConfigError(_in_lines(places, len(error.places))) from None
    try:
        read = model.model_validate(value_of(node))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[:MOST_SHOWN]
        mistakes = [_said(name, node, *_mistake(node, each)) for each in first]
        raise ConfigError(_in_lines(mistakes, error.error_count())) from None
    strange = [f"{name}:{line}: {what}" for line, what in surprises(node)]
    return read, [*strange, *(_said(name, node, where, what) for where, what in _doubts(read, ()))]


def _warned(read: C, doubts: Sequence[str], warn: Callable[[str], object]) -> C:
    for doubt in doubts:
        warn(doubt)
    return read


_read_once = lru_cache(8)(_read)  # models are immutable, and a service reads some of its files more than once


def load_if_there(path: Path, model: type[C]) -> C:
    """Returns the file as `load` does; where there is none, what `model` says of itself. Raises ConfigError with every mistake."""
    return load(path, model) if os.path.lexists(path) else model()


def content_of(path: Path) -> bytes:
    """Returns the file's bytes, at most so many that too large a file is seen to be one. Raises ConfigError.

    A device or a pipe, which need not end, is refused.
    """
    try:
        if stat.S_ISDIR(mode := path.stat().st_mode) or not stat.S_ISREG(mode):
            raise ConfigError(f"{path}: {'Is a directory' if stat.S_ISDIR(mode) else 'this is no file'}")
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None


def _in_lines(first: Sequence[str], count: int) -> str:
    more = [f"… and {count - len(first):,} mistakes more"] if count > len(first) else []
    return "\n".join([*first, *more])


# ── doubts ───────────────────────────────────────────────────────────────────────────────────


def _doubts(held: Any, where: Location) -> Iterator[tuple[Location, str]]:
    """Yields the doubts of every section, each with its place in the file."""
    match held:
        case BaseModel():
            if isinstance(held, Config):
                yield from ((where, each) for each in held.doubts())
            for name, field in type(held).model_fields.items():
                yield from _doubts(getattr(held, name), (*where, field.alias or name))
        case Mapping():
            yield from (found for name, inner in held.items() for found in _doubts(inner, (*where, name)))
        case list() | tuple():
            yield from (found for number, inner in enumerate(held) for found in _doubts(inner, (*where, number)))


# ── where it stands ──────────────────────────────────────────────────────────────────────────


def _mistake(node: yaml.Node | None, error: ErrorDetails) -> tuple[Location, str]:
    """Returns where a mistake is and what it is, without pydantic's own words: the name of a union's member is no part of the file."""
    missing = error["loc"][-1:] if error["type"] == "missing" else ()
    where = (*_there(node, error["loc"][: len(error["loc"]) - len(missing)]), *missing)
    what = error["msg"].removeprefix("Value error, ")
    if error["type"] == "string_type":
        what = f"{_shown(error['input'])} is not a text{'' if error['input'] is None else ': put it in quotes'}"
    return where, f"the key: {what}" if error["loc"][-1:] == ("[key]",) else what


def _there(node: yaml.Node | None, where: Location) -> Iterator[int | str]:
    """Yields the steps of `where` that the file has."""
    for step in where:
        if (found := _inner(node, step)) is not None:
            node = found[1]
            yield step


def _said(name: str, node: yaml.Node | None, where: Location, what: str) -> str:
    return f"{name}:{_line(node, where)}: {'.'.join(map(str, where)) or 'the file'}: {what}"


def _line(node: yaml.Node | None, where: Location) -> int:
    """Returns the line of the innermost part of `where` that the file has."""
    line = node.start_mark.line + 1 if node else 1
    for step in where:
        if (found := _inner(node, step)) is not None:
            line, node = found
    return line


def _inner(node: yaml.Node | None, step: int | str) -> tuple[int, yaml.Node] | None:
    """Returns the line and the node of a key or of a list's entry; None when the file has none there."""
    if isinstance(node, yaml.MappingNode):
        return next(((key.start_mark.line + 1, value) for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark.line + 1, node.value[step]
    return None
