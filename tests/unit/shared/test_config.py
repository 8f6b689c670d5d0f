"""Configuration that is wrong is refused in one sentence a mistake, with its line and what is meant there."""

import copy
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from deploy.docs.configuration import models
from shared.conditions import Condition
from shared.configuration.files import Config, ConfigError, Duration, PositiveDuration, load

READ: dict[Path, type[BaseModel]] = {path: model for model, path in models().values()}
WRONG: list[Any] = [None, True, "5 minuts", date(2026, 1, 1), [["x"]], {"/a": 1}]


class Waits(Config):
    pause: Duration
    positive: PositiveDuration
    when: Condition


def mistakes(path: Path, text: str, model: type[BaseModel] = Waits) -> list[str]:
    """Returns what is said of the file, a line a mistake, without its name."""
    path.write_text(text)
    try:
        load(path, model, warn=lambda _: None)
    except ConfigError as error:
        return [line.removeprefix(f"{path}:") for line in str(error).split("\n")]
    return []


def waits(path: Path, *, pause: str = "1s", positive: str = "1s", when: str = "{}") -> list[str]:
    return mistakes(path, f"pause: {pause}\npositive: {positive}\nwhen: {when}\n")


# ── durations ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("written", ["0s", "0", "3650d", "1h30m", "90", "1.5", "PT5M", "-0s"])
def test_a_duration_up_to_ten_years_is_read(written: str, tmp_path: Path) -> None:
    assert waits(tmp_path / "w.yml", pause=written) == []


@pytest.mark.parametrize(
    "written", ["5 minuts", "1.5h", "1h30", '""', "'-'", '"10"', ".inf", "1e300", "2026-01-01", "[1m]", "{m: 1}", "true", "null"]
)
def test_what_is_no_duration_is_told_how_one_is_written(written: str, tmp_path: Path) -> None:
    [said] = waits(tmp_path / "w.yml", pause=written)
    assert said.startswith("1: pause: ")
    assert said.endswith(" is not a duration, which is written 15s, 10m, 4h, 7d or 1h30m")


@pytest.mark.parametrize("written", ["-3s", "-1", "-PT5M", "3651d", "87600h1s", "99999999999d", "-99999999999d"])
def test_a_duration_below_zero_or_above_ten_years_is_told_the_limits(written: str, tmp_path: Path) -> None:
    assert waits(tmp_path / "w.yml", pause=written) == ["1: pause: a duration here is between 0s and 3650d (10 years)"]


@pytest.mark.parametrize("written", ["0s", "0", "-1s", "3651d", "PT0S"])
def test_zero_is_refused_where_something_must_pass(written: str, tmp_path: Path) -> None:
    assert waits(tmp_path / "w.yml", positive=written) == ["2: positive: a duration here is above 0s and at most 3650d (10 years)"]


# ── unions ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{data.x: {abov: 3}}", "when.data.x.abov: Extra inputs are not permitted"),
        ("{data.x: {above: x}}", "when.data.x.above: Input should be a valid number, unable to parse string as a number"),
        ("{data.x: {}}", "when.data.x: name at least one of above, at_least, below, at_most, is_not, present"),
        ("{data.x: 2026-01-01}", "when.data.x: 2026-01-01 is not one value: a text, a number, true, false or null"),
        ("{data.x: [1, [2]]}", "when.data.x.1: a list is not one value: a text, a number, true, false or null"),
        ("{data.x: [{above: 3}]}", "when.data.x.0: an object is not one value: a text, a number, true, false or null"),
        ("{data.x: {is_not: [1]}}", "when.data.x.is_not: a list is not one value: a text, a number, true, false or null"),
    ],
)
def test_a_condition_is_refused_for_what_it_was_meant_to_be(written: str, said: str, tmp_path: Path) -> None:
    assert waits(tmp_path / "w.yml", when=written) == [f"3: {said}"]


def test_a_wrong_key_is_told_apart_from_a_wrong_value(tmp_path: Path) -> None:
    text = "first_response: {targets: {soon: 1s, low: 1s, normal: 1s, high: 1s, urgent: 1s}}\nanswers: {}\n"
    model, _ = models()["support.yml"]
    first, *_ = mistakes(tmp_path / "support.yml", text, model)
    assert first.startswith("1: first_response.targets.soon: the key: Input should be 'low', ")


def spoilt(held: Any) -> Iterator[Any]:
    """Yields the same with each of its values, one after the other, replaced by each of the wrong ones."""
    match held:
        case dict() | list():
            for step, inner in list(held.items() if isinstance(held, dict) else enumerate(held)):
                for wrong in (*WRONG, *spoilt(inner)):
                    other = copy.copy(held)
                    other[step] = wrong
                    yield other


@pytest.mark.slow
@pytest.mark.parametrize("path", READ, ids=lambda path: path.name)
def test_whatever_is_wrong_in_a_file_no_place_of_it_is_named_twice(path: Path, tmp_path: Path) -> None:
    refused = 0
    for other in spoilt(yaml.safe_load(path.read_text())):
        said = mistakes(tmp_path / path.name, yaml.safe_dump(other), READ[path])
        places = [line.split(": ")[1 : 3 if ": the key: " in line else 2] for line in said]
        assert len({*map(tuple, places)}) == len(places), "\n".join(said)
        refused += bool(said)
    assert refused > 40
