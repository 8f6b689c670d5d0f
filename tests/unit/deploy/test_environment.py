""".env.example documents every variable that a process or docker-compose.yml reads, and no other; each secret also as a file."""

import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from deploy.alerting import AlertingSettings
from deploy.init import InitSettings
from services.console.settings import ConsoleSettings
from services.monitor.settings import MonitorSettings
from services.notifier.settings import NotifierSettings
from services.ticketing.settings import TicketingSettings

EXAMPLE = dict(re.findall(r"^#(FOREWARN_\w+)=(.*)$", (Path(__file__).parents[3] / ".env.example").read_text(), re.MULTILINE))
COMPOSE = dict(re.findall(r"\$\{(FOREWARN_\w+):-([^}]*)\}", (Path(__file__).parents[3] / "docker-compose.yml").read_text()))
FIELDS = [
    (f"FOREWARN_{name.upper()}", field)
    for kind in (MonitorSettings, NotifierSettings, TicketingSettings, ConsoleSettings, InitSettings, AlertingSettings)
    for name, field in kind.model_fields.items()
]
SECRETS = {variable for variable, field in FIELDS if field.annotation is SecretStr}


def test_the_example_names_every_variable_and_no_other() -> None:
    assert sorted(EXAMPLE) == sorted({variable for variable, _ in FIELDS} | COMPOSE.keys() | {f"{secret}_FILE" for secret in SECRETS})


def test_the_example_shows_the_defaults() -> None:
    for variable in EXAMPLE.keys() - SECRETS - {f"{secret}_FILE" for secret in SECRETS}:
        defaults = {str(field.default) for name, field in FIELDS if name == variable} or {COMPOSE[variable]}
        assert EXAMPLE[variable].lower() in {default.lower() for default in defaults}


def test_a_secret_can_be_a_file_and_the_file_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "password").write_text("from the file\n")
    monkeypatch.setenv("FOREWARN_ADMIN_PASSWORD", "from the environment")
    monkeypatch.setenv("FOREWARN_ADMIN_PASSWORD_FILE", str(tmp_path / "password"))
    assert InitSettings(environment="demo").admin_password.get_secret_value() == "from the file"
