"""YAML configuration that is right or says where it is wrong: file, line, and what is expected there.

Beside mistakes there are doubts: what is allowed and can hardly be meant. They are said and change nothing.
"""

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError

log = logging.getLogger(__name__)

LONGEST = timedelta(days=3650)
MOST_NODES = 100_000  # of a file with its aliases written out: more is a mistake, or an attack

Location = tuple[int | str, ...]


_in_units = re.compile(r"(-?)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII).fullmatch


def _duration(said: object) -> object:
    """`15s`, `10m`, `4h`, `7d`, `1h30m`; anything else is left to pydantic, which explains."""
    if not isinstance(said, str) or not said.removeprefix("-"):
        return said
    parts = _in_units(said)
    if parts is None:
        return said
    days, hours, minutes, seconds = (int(part or 0) for part in parts.groups()[1:])
    try:
        length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        raise ValueError("a duration is at most 10 years") from None
    return -length if parts[1] else length


def _of_this_world(duration: timedelta) -> timedelta:
    if duration < timedelta():
        raise ValueError("a duration is not negative")
    if duration > LONGEST:
        raise ValueError("a duration is at most 10 years")
    return duration


def _above_zero(duration: timedelta) -> timedelta:
    if not duration:
        raise ValueError("a duration of zero makes no sense here")
    return duration


Duration = Annotated[timedelta, BeforeValidator(_duration), AfterValidator(_of_this_world)]
PositiveDuration = Annotated[Duration, AfterValidator(_above_zero)]


class Config(BaseModel):
    """A section of a configuration file: unknown keys are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def doubts(self) -> Iterable[str]:
        """What is allowed in this section and can hardly be meant."""
        return ()


C = TypeVar("C", bound=BaseModel)


class ConfigError(Exception):
    """The file does not say what it must; one line per mistake, each `file:line: where: what`."""


def load(path: Path, model: type[C], warn: Callable[[str], object] = log.warning) -> C:
    """The file as `model`; `warn` hears each doubt as `file:line: where: what`. Raises ConfigError with every mistake and its line."""
    text = _text(path)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        read = model.model_validate(_held(path, node))
    except yaml.reader.ReaderError as error:
        raise ConfigError(f"{path}:{_line_at(text[: error.position])}: {_misplaced(error.character)}") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{path}:{line}: {error.problem}") from None
    except RecursionError:
        raise ConfigError(f"{path}: nested too deep") from None
    except ValidationError as error:
        raise ConfigError("\n".join(_said(path, node, each["loc"], each["msg"]) for each in error.errors())) from None
    for doubt in [*_bare_words(path, node), *(_said(path, node, where, what) for where, what in _doubts(read, ()))]:
        warn(doubt)
    return read


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
        return raw.decode()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}:{_line_at(raw[: error.start].decode())}: this is not UTF-8") from None


def _misplaced(character: int) -> str:
    return f"the character U+{character:04X} may not stand here"


def _line_at(before: str) -> int:
    return before.count("\n") + 1


# ── the file as YAML ─────────────────────────────────────────────────────────────────────────


def _held(path: Path, node: yaml.Node | None) -> Any:
    """What the file holds. Raises ConfigError for what YAML lets pass or gives no line for."""
    if node is None:
        return {}
    if mistakes := [f"{path}:{line}: {what}" for line, what in _mistakes(path, node)]:
        raise ConfigError("\n".join(mistakes))
    return yaml.SafeLoader("").construct_document(node)


def _mistakes(path: Path, root: yaml.Node) -> Iterator[tuple[int, str]]:
    for node in _nodes(path, root):
        line = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            yield from _repeated(path, node)
        elif isinstance(node, yaml.ScalarNode):
            if found := _control_character(node.value):
                yield line, _misplaced(ord(found[0]))
            elif not _is_sound(node):
                yield line, f"{node.value!r} is no value that can be read"


_control_character = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]").search


def _nodes(path: Path, root: yaml.Node) -> Iterator[yaml.Node]:
    """Every node, an alias as often as it is used. Raises ConfigError when there is no end of them."""
    waiting = [root]
    for _ in range(MOST_NODES):
        if not waiting:
            return
        node = waiting.pop()
        yield node
        if isinstance(node, yaml.MappingNode):
            waiting += [each for pair in reversed(node.value) for each in reversed(pair)]
        elif isinstance(node, yaml.SequenceNode):
            waiting += reversed(node.value)
    raise ConfigError(f"{path}: more than {MOST_NODES:,} values, aliases written out")


def _repeated(path: Path, node: yaml.MappingNode) -> Iterator[tuple[int, str]]:
    """YAML lets the last of two equal keys win; here that is a mistake, since all under the first would vanish."""
    first: dict[tuple[str, str], int] = {}
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode):
            line = key.start_mark.line + 1
            if (same := (key.tag, key.value)) in first:
                yield line, f"{key.value} is there twice, first at {path}:{first[same]}"
            first.setdefault(same, line)


def _is_sound(node: yaml.ScalarNode) -> bool:
    """Whether what looks like a date or a number is one; PyYAML raises a plain ValueError when it is not."""
    try:
        yaml.SafeLoader("").construct_object(node)
    except ValueError:
        return False
    return True


# ── what is allowed and can hardly be meant ──────────────────────────────────────────────────


def _bare_words(path: Path, root: yaml.Node | None) -> Iterator[str]:
    """YAML 1.1 reads `off`, `on`, `yes` and `no` as truth values."""
    for node in _nodes(path, root) if root else ():
        if isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:bool" and node.value.lower() not in ("true", "false"):
            read = "true" if node.value.lower() in ("yes", "on") else "false"
            yield f'{path}:{node.start_mark.line + 1}: {node.value} is read as {read}; write {read}, or "{node.value}" if the word is meant'


def _doubts(held: Any, where: Location) -> Iterator[tuple[Location, str]]:
    """The doubts of every section, each with its place in the file."""
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


def _said(path: Path, node: yaml.Node | None, where: Location, what: str) -> str:
    return f"{path}:{_line(node, where)}: {'.'.join(map(str, where)) or 'the file'}: {what}"


def _line(node: yaml.Node | None, where: Sequence[int | str]) -> int:
    """The line of the innermost part of `where` that the file has."""
    line = node.start_mark.line + 1 if node else 1
    for step in where:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == step), None)
            if found is None:
                continue  # pydantic names union members in the path too
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
    return line
