"""YAML configuration that is right or says where it is wrong: file, line, and what is expected there."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError


def _duration(said: object) -> object:
    """`15s`, `10m`, `4h`, `7d`, `1h30m`; anything else is left to pydantic, which explains."""
    if isinstance(said, str) and (parts := re.fullmatch(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", said)) and said:
        days, hours, minutes, seconds = (int(part or 0) for part in parts.groups())
        return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    return said


Duration = Annotated[timedelta, BeforeValidator(_duration)]


class Config(BaseModel):
    """A section of a configuration file: unknown keys are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


C = TypeVar("C", bound=BaseModel)


class ConfigError(Exception):
    """The file does not say what it must; one line per mistake, each `file:line: where: what`."""


def load(path: Path, model: type[C]) -> C:
    """The file as `model`. Raises ConfigError with every mistake and its line."""
    try:
        text = path.read_text()
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        return model.model_validate(yaml.safe_load(text) or {})
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{path}:{line}: {error.problem}") from None
    except ValidationError as error:
        mistakes = [
            f"{path}:{_line(node, each['loc'])}: {'.'.join(map(str, each['loc'])) or 'the file'}: {each['msg']}" for each in error.errors()
        ]
        raise ConfigError("\n".join(mistakes)) from None


def _line(node: yaml.Node | None, where: tuple[int | str, ...]) -> int:
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
