"""An operator's own configuration is not tracked by git, is seen by every service, and each file takes the shipped one's place."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.services import NAMES
from services.monitor.__main__ import service as monitor
from services.monitor.settings import MonitorSettings
from services.notifier.__main__ import service as notifier
from services.notifier.settings import NotifierSettings
from services.ticketing.__main__ import service as ticketing
from services.ticketing.settings import TicketingSettings
from shared.configuration.files import ConfigError, file_of

ROOT = Path(__file__).parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


@pytest.mark.parametrize("name", ["rules.yml", "tls/ca.pem", "alerts/mine.yml"])
def test_git_looks_at_nothing_there(name: str) -> None:
    assert subprocess.run(["git", "check-ignore", "--quiet", f"config/{name}"], cwd=ROOT, check=False).returncode == 0


def test_but_for_the_page_that_says_what_it_is_for() -> None:
    assert subprocess.run(["git", "check-ignore", "--quiet", "config/README.md"], cwd=ROOT, check=False).returncode == 1


@pytest.mark.parametrize("name", [*NAMES, "init", "alerting", "prometheus", "forewarn"])
def test_whoever_reads_it_sees_it_and_cannot_write(name: str) -> None:
    [mounted] = [each for each in COMPOSE[name]["volumes"] if isinstance(each, dict)]
    assert (mounted["target"], mounted["read_only"]) == ("/config", True)
    assert name == "prometheus" or COMPOSE[name]["environment"]["FOREWARN_OWN_CONFIG_DIR"] == "/config"


def test_the_first_folder_that_has_the_file_says_it(tmp_path: Path) -> None:
    own, shipped = tmp_path / "own", tmp_path / "shipped"
    assert file_of("rules.yml", (own, shipped)) == shipped / "rules.yml"
    own.mkdir()
    assert file_of("rules.yml", (own, shipped)) == shipped / "rules.yml"
    (own / "rules.yml").touch()
    assert file_of("rules.yml", (own, shipped)) == own / "rules.yml"


def test_a_folder_that_cannot_be_looked_into_is_a_mistake_and_no_reason_to_take_the_shipped_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="File name too long"):
        file_of("x" * 300, (tmp_path, tmp_path))


@pytest.mark.parametrize(
    ("start", "settings", "files"),
    [
        (monitor, MonitorSettings, ("rules.yml", "catalog.yml")),
        (notifier, NotifierSettings, ("notifications.yml", "catalog.yml")),
        (ticketing, TicketingSettings, ("support.yml", "catalog.yml")),
    ],
    ids=["monitor", "notifier", "ticketing"],
)
def test_a_service_reads_the_operators_own_files(start: Any, settings: Any, files: tuple[str, ...], tmp_path: Path) -> None:
    for name in files:
        (tmp_path / name).write_text("nonsense: 1\n")
        with pytest.raises(ConfigError, match=f"{tmp_path}/{name}:1: nonsense"):
            start(settings(environment="demo", own_config_dir=str(tmp_path), config_dir=ROOT / "deploy/config"))
        (tmp_path / name).unlink()
