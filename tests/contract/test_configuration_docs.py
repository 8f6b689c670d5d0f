"""docs/configuration.md says of every variable and of every key of a file what it means, and shows what is read."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from deploy.docs.configuration import models, page, settings
from deploy.docs.keys import Key, Reference
from shared.configuration.files import load
from shared.mapping.model import Value
from shared.settings import variable_of

FILES = models()
ROWS = [[cell.strip() for cell in line.split(" | ")] for line in page().splitlines() if line.startswith("| `")]
FIRST = {row[0].strip("|` ") for row in ROWS}


def keys(name: str) -> list[Key]:
    model, shipped = FILES[name]
    return [key for section in Reference(model, yaml.safe_load(shipped.read_text())).sections() for key in section.keys]


def inside(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Yields the model, and those that its fields hold."""
    yield model
    waiting: list[Any] = [field.annotation for field in model.model_fields.values()]
    while waiting:
        each = waiting.pop()
        if isinstance(each, type) and issubclass(each, BaseModel):
            yield from inside(each)
        waiting += get_args(each)


# A mapping's `data` holds itself, by a name that only pydantic follows.
MODELS = list(dict.fromkeys([*settings().values(), *(found for model, _ in FILES.values() for found in inside(model)), Value]))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_field_has_a_description(model: type[BaseModel]) -> None:
    assert [name for name, field in model.model_fields.items() if not field.description] == []


def test_every_variable_that_a_process_reads_is_there() -> None:
    assert {variable_of(name) for model in settings().values() for name in model.model_fields} <= FIRST


def test_every_variable_of_the_compose_file_is_there() -> None:
    compose = (Path(__file__).parents[2] / "docker-compose.yml").read_text()
    used = set(re.findall(r"\$\{(FOREWARN_\w+)", compose))
    assert {name if name in FIRST else name.removesuffix("_FILE") for name in used} <= FIRST


@pytest.mark.parametrize("name", FILES)
def test_every_key_of_the_shipped_file_is_there_with_a_type_and_a_meaning(name: str) -> None:
    assert all(key.kind and key.meaning and (key.default or key.kind == "section") for key in keys(name))
    model, shipped = FILES[name]
    used = {step for path in paths(yaml.safe_load(shipped.read_text())) for step in path}
    fields = {field.alias or each for found in inside(model) for each, field in found.model_fields.items()}
    assert used & fields <= {re.split(r"[.\[\]…]+", key.path)[-1] for key in keys(name)}


def paths(held: Any) -> Iterator[tuple[str, ...]]:
    """Yields the keys that lead to each value."""
    match held:
        case dict():
            yield from ((name, *rest) for name, inner in held.items() for rest in paths(inner))
        case list():
            yield from (path for inner in held for path in paths(inner))
        case _:
            yield ()


def test_an_example_is_taken_from_the_shipped_file() -> None:
    example = {key.path: key.example for key in keys("rules.yml")}
    assert (example["rules[].open.events"], example["rules[].window"], example["rules[].symptom"]) == ("`50`", "`15s`", "`slow`")
    assert (example["above"], example["rules[].only"]) == ("`5000`", "")


@pytest.mark.parametrize(("path", "default"), [("horizon", "10m"), ("rules[].resolve.calm", "2m"), ("rules[].component", "data.component")])
def test_a_default_is_written_as_a_file_would(path: str, default: str, tmp_path: Path) -> None:
    assert next(key.default for key in keys("rules.yml") if key.path == path) == f"`{default}`"


def test_a_key_that_must_be_given_is_marked_so() -> None:
    required = {key.path for key in keys("rules.yml") if key.default == "required"}
    (rule,) = load(FILES["rules.yml"][1], FILES["rules.yml"][0]).model_dump()["rules"][:1]
    assert {"rules[].id", "rules[].bad", "rules[].open.ratio"} <= required
    assert {path.split("[].")[1].split(".")[0] for path in required if "[]." in path} <= rule.keys()
