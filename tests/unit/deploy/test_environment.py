""".env.example documents every variable that a process reads, and none that nobody reads; each secret also as a file."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from deploy.init import InitSettings
from shared.settings import Settings

ROOT = Path(__file__).parents[3]
EXAMPLE = (ROOT / ".env.example").read_text()


def kinds(of: type[Settings] = Settings) -> Iterator[type[Settings]]:
    yield of
    for kind in of.__subclasses__():
        yield from kinds(kind)


def variables(kind: type[Settings]) -> Iterator[str]:
    for name, field in kind.model_fields.items():
        yield f"FOREWARN_{name.upper()}"
        if field.annotation is SecretStr:
            yield f"FOREWARN_{name.upper()}_FILE"


def test_the_example_names_every_variable_and_no_other() -> None:
    known = {variable for kind in kinds() if kind.__module__.startswith(("services", "deploy", "shared")) for variable in variables(kind)}
    assert sorted(re.findall(r"^#(FOREWARN_\w+)=", EXAMPLE, re.MULTILINE)) == sorted(known)


def test_a_secret_can_be_a_file_and_the_file_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "password").write_text("from the file\n")
    monkeypatch.setenv("FOREWARN_ADMIN_PASSWORD", "from the environment")
    monkeypatch.setenv("FOREWARN_ADMIN_PASSWORD_FILE", str(tmp_path / "password"))
    assert InitSettings(environment="demo").admin_password.get_secret_value() == "from the file"


def test_init_refuses_to_start_in_production_with_a_password_that_everybody_knows() -> None:
    given = {"admin_password": "k7Jq-long", "monitor_password": "changeme", "notifier_password": "a8", "ticketing_password": "a9"}
    with pytest.raises(ValidationError, match="FOREWARN_MONITOR_PASSWORD"):
        InitSettings(**given)  # type: ignore[arg-type]
    assert InitSettings(environment="demo", **given)  # type: ignore[arg-type]
