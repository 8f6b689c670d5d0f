"""deploy/services.py is the only list of services: what cannot read it agrees with it, and no other place names them all."""

import importlib
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.roles import role_of
from deploy.services import NAMES, SERVICES, ServiceSpec
from shared.configuration import secret_rules
from shared.settings import Settings

ROOT = Path(__file__).parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
RULES: dict[str, Any] = yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text())
NEAR = 4  # lines within which all names together make a list

# All services are named in these places although deploy/services.py lists them, for the reason that stands beside each.
PLACES = {
    "deploy/services.py": "the list",
    # compared with the list below
    "docker-compose.yml": "Docker reads no Python",
    "deploy/prometheus/prometheus.yml": "Prometheus reads no Python",
    "deploy/prometheus/rules.yml": "Prometheus reads no Python",
    "pyproject.toml": "import-linter reads no Python",
    ".env.example": "an operator reads it",
    "shared/configuration/secret_rules.py": "`shared` may not import `deploy`; a name is no secret",
    # what is said of each differs
    "deploy/docs/topics.py": "who writes and reads each topic",
    "deploy/local/view.py": "a colour for whoever speaks, white for who has none",
    "services/console/acting/acts.py": "whose API each act is",
    "tests/hostile/oversize.py": "which of them take a body, and where",
    "tests/alerts/harms.py": "what is taken away from each",
    "tests/browser/console.py": "where nobody answers, for those that the console asks",
    "tests/contract/test_personal.py": "the tables of each that hold nothing personal",
    "tests/contract/plans/parameters.py": "the parameters of each one's queries",
    "tests/contract/plans/tables.py": "the rows of each one's tables",
    "tests/contract/test_houses.py": "rooms of each that are not pure",
    "tests/contract/test_security.py": "what may be asked of each",
    "tests/flow/every_service.py": "how each is wired",
    "tests/flow/largest.py": "the largest request of each",
    "tests/flow/test_bodies.py": "the routers of each",
    "tests/flow/test_retention.py": "what each deletes",
    "tests/flow/loop_world.py": "how each of the loop is wired",
    "tests/flow/test_the_loop.py": "a story through those it concerns",
    "tests/faults/stack.py": "queries over the tables of those it concerns",
    "tests/faults/test_loop.py": "the numbered faults of each",
    "tests/unit/deploy/test_own_config.py": "the files of each",
    "deploy/prometheus/rules_test.yml": "examples of alerts",
    ".ci/run": "a shell script of this repository's own checks",
}
PROSE = {".md", ".json"}  # written for people, or generated

each_service = pytest.mark.parametrize("spec", SERVICES, ids=NAMES)


def test_no_place_lists_the_services_without_a_reason() -> None:
    assert sorted(_places() - PLACES.keys()) == [], "read deploy/services.py there; a place that cannot goes into PLACES with its reason"


def test_no_reason_outlives_its_place() -> None:
    assert sorted(name for name in PLACES.keys() - _places() if not (ROOT / name).exists()) == []


def _places() -> set[str]:
    return {
        path
        for path in _tracked()
        if Path(path).suffix not in PROSE and path != Path(__file__).relative_to(ROOT).as_posix() and _lists(path)
    }


def _tracked() -> list[str]:
    said = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for path in said.stdout.splitlines() if (ROOT / path).is_file()]


def _lists(path: str) -> bool:
    try:
        lines = [line for line in (ROOT / path).read_text().splitlines() if not line.startswith("from services.")]  # what is used differs
    except UnicodeDecodeError:
        return False
    windows = ("\n".join(lines[number : number + NEAR]) for number in range(len(lines)))
    return any(all(re.search(rf"(?<![a-z]){name}(?![a-z])", window) for name in NAMES) for window in windows)


def test_every_service_is_a_folder_and_every_folder_a_service() -> None:
    assert sorted(path.parent.name for path in (ROOT / "services").glob("*/__main__.py")) == sorted(NAMES)


@each_service
def test_it_answers_on_the_port_of_the_list_when_nothing_else_is_said(spec: ServiceSpec) -> None:
    module = importlib.import_module(f"{spec.module}.settings")
    [settings] = [
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Settings) and each.__module__ == module.__name__
    ]
    assert settings.model_fields["http_port"].default == spec.port


@each_service
def test_compose_runs_it_with_its_port_role_and_secrets(spec: ServiceSpec) -> None:
    service = COMPOSE[spec.name]
    environment = service["environment"]
    assert service["command"] == ["python", "-m", spec.module]
    assert environment["FOREWARN_HTTP_PORT"] == str(spec.port)
    assert environment["FOREWARN_DATABASE_USER"] == role_of(spec.name)
    assert {f"FOREWARN_{secret.upper()}_FILE" for secret in spec.secrets} <= environment.keys()
    assert f"{spec.name}-secrets:/run/secrets:ro" in service["volumes"]
    assert _inside(service["ports"]) == [str(port) for port in (spec.port, spec.public_port) if port]


def _inside(ports: list[str]) -> list[str]:
    """Returns the container's side of each published port."""
    return [port.rpartition(":")[2] for port in ports]


def test_compose_gives_init_and_secrets_what_is_each_services() -> None:
    environment, volumes = COMPOSE["init"]["environment"], COMPOSE["init"]["volumes"]
    for spec in SERVICES:
        assert environment[f"FOREWARN_{spec.password.upper()}_FILE"] == f"/run/secrets/{spec.name}/database_password"
        assert f"{spec.name}-secrets:/run/secrets/{spec.name}:ro" in volumes
        assert f"{spec.name}-secrets:/secrets/{spec.name}" in COMPOSE["secrets"]["volumes"]


def test_the_command_line_asks_every_service() -> None:
    assert COMPOSE["forewarn"]["environment"]["FOREWARN_URLS"].split() == [f"http://{spec.name}:{spec.port}" for spec in SERVICES]


def test_prometheus_asks_every_service() -> None:
    [job] = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())["scrape_configs"]
    assert [(*each["names"], each["port"]) for each in job["dns_sd_configs"]] == [(spec.name, spec.port) for spec in SERVICES]


def test_prometheus_misses_a_service_that_is_gone() -> None:
    [expr] = [rule["expr"] for group in RULES["groups"] for rule in group["rules"] if rule.get("alert") == "ServiceDown"]
    assert re.findall(r'absent\(up\{job="forewarn", service="(\w+)"\}\)', expr) == [*NAMES]


def test_import_linter_keeps_all_of_them_apart() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [independent] = [each for each in contracts if each["type"] == "independence"]
    assert independent["modules"] in (["services.*"], [spec.module for spec in SERVICES])


def test_the_name_of_a_service_is_no_secret() -> None:
    assert [name for name in NAMES if not secret_rules.KNOWN.fullmatch(name)] == []
