"""docs/configuration.md says of every variable and of every key of a file what it means, and shows what is read."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from deploy.docs.configuration import models, page, settings
from deploy.docs.keys import Reference
from deploy.docs.kinds import Key, apart
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


def test_what_rules_of_every_kind_may_say_stands_once_and_each_kind_has_a_table_of_its_own() -> None:
    model, shipped = FILES["rules.yml"]
    whole, *parts = Reference(model, yaml.safe_load(shipped.read_text())).sections()
    own = {part.title: [key.path.removeprefix("rules[].") for key in part.keys] for part in parts if part.title.endswith(" rule")}
    common = [key.path.removeprefix("rules[].") for key in whole.keys]
    assert len(set(common)) == len(common)
    assert {"id", "events", "detector", "resolve.calm"} <= set(common)
    assert [name for name in ("id", "events", "bad", "resolve.calm", "resolve") if name in own["ratio rule"]] == []
    assert {"detector", "open.ratio", "resolve.ratio"} <= set(own["ratio rule"])
    assert "open.count" in own["count rule"]
    assert {"symptom", "uses.within"} <= set(own["alert rule"])  # another default, and a key of its own
    [detector] = [key for key in whole.keys if key.path == "rules[].detector"]
    assert detector.kind.startswith("[`ratio`](#ratio-rule), [`count`](#count-rule), [`distinct`](#distinct-rule)")
    assert detector.default == "`ratio`"


def test_a_row_that_only_some_kinds_have_says_which() -> None:
    both, one = Key("a", "text", "–", "what"), Key("a", "text", "–", "something else")
    only, longer = Key("b", "text", "–", "only here"), Key("c", "text", "–", "in most")
    assert apart({"x": [both, longer], "y": [both, longer], "z": [only]}) == (
        [replace(both, meaning="not of `z`: what"), replace(longer, meaning="not of `z`: in most")],
        {"x": [], "y": [], "z": [only]},
    )
    assert apart({"x": [both], "y": [one]}) == ([], {"x": [both], "y": [one]})
    assert apart({"w": [one], "x": [both], "y": [one], "z": [both]})[0] == []
    assert apart({"x": [both], "y": [one], "z": [both]}) == ([replace(both, meaning="not of `y`: what")], {"x": [], "y": [one], "z": []})
    assert apart({"x": [both], "y": [both], "z": [only], "w": []})[0] == [replace(both, meaning="of `x`, `y`: what")]


def test_an_example_is_taken_from_the_shipped_file() -> None:
    example = {key.path: key.example for key in reversed(keys("rules.yml"))}  # the first kind is the shipped one
    assert (example["rules[].open.events"], example["rules[].window"], example["rules[].symptom"]) == ("`50`", "`15s`", "`slow`")
    assert (example["above"], example["rules[].only"]) == ("`5000`", "")


@pytest.mark.parametrize(("path", "default"), [("horizon", "10m"), ("rules[].resolve.calm", "2m"), ("rules[].component", "data.component")])
def test_a_default_is_written_as_a_file_would(path: str, default: str, tmp_path: Path) -> None:
    assert next(key.default for key in keys("rules.yml") if key.path == path) == f"`{default}`"


def test_a_key_that_must_be_given_is_marked_so() -> None:
    required = {key.path for key in keys("rules.yml") if key.default == "required"}
    known = {name for model in inside(FILES["rules.yml"][0]) for name in model.model_fields}
    assert {"rules[].id", "rules[].bad", "rules[].open.ratio"} <= required
    assert {path.split("[].")[1].split(".")[0] for path in required if "[]." in path} <= known
