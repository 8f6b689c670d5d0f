"""docker-compose.yml: every container hardened, healthy by its own word, pinned, local, and without a secret in its environment."""

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONE_SHOTS = {"secrets", "init", "demo", "alerting"}

each_service = pytest.mark.parametrize("name", SERVICES)


@each_service
def test_it_runs_read_only_without_privileges_and_stops_in_time(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["stop_grace_period"] in {"10s", "30s"}
    assert service["mem_limit"]
    assert service["logging"]["options"]["max-size"]


@each_service
def test_its_image_has_an_exact_tag(name: str) -> None:
    tag = SERVICES[name]["image"].partition(":")[2]
    assert tag[:1].isdigit() or tag[:2] in {"v0", "v3"}


@each_service
def test_what_it_publishes_stays_on_this_machine(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@each_service
def test_its_secrets_are_files_or_the_operators_own(name: str) -> None:
    environment = SERVICES[name].get("environment", {})
    secret = {variable for variable in environment if any(word in variable for word in ("PASSWORD", "TOKEN", "SECRET"))}
    assert {variable for variable in secret if not variable.endswith("_FILE")} <= {"FOREWARN_SMTP_PASSWORD"}


def test_native_code_of_the_brokers_codecs_can_be_loaded_from_one_folder_and_an_open_transaction_ends_soon() -> None:
    kafka = SERVICES["kafka"]
    assert [folder for folder in kafka["tmpfs"] if "exec" in folder] == ["/opt/kafka/native:exec,uid=1000,mode=0700,size=16m"]
    assert kafka["environment"]["JAVA_TOOL_OPTIONS"] == "-Djava.io.tmpdir=/opt/kafka/native"
    assert kafka["environment"]["KAFKA_TRANSACTION_MAX_TIMEOUT_MS"] <= 15_000


def test_only_postgres_gets_capabilities_back() -> None:
    assert [name for name, service in SERVICES.items() if "cap_add" in service] == ["postgres"]


def test_whatever_stays_up_says_that_it_is_healthy_and_comes_back() -> None:
    ours = {"monitor", "notifier", "ticketing"}  # by the image's HEALTHCHECK
    for name in SERVICES.keys() - ONE_SHOTS:
        assert name in ours or SERVICES[name]["healthcheck"]["test"]
        assert SERVICES[name]["restart"] == "unless-stopped"


def test_the_image_is_not_root_installs_by_hash_only_and_says_when_it_is_ready() -> None:
    dockerfile = (ROOT / "deploy/Dockerfile").read_text()
    assert "USER 10001:10001" in dockerfile
    assert "HEALTHCHECK" in dockerfile
    assert "--require-hashes" in dockerfile
