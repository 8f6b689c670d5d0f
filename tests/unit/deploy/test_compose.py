"""docker-compose.yml keeps every container hardened, pinned, apart and local, with a health check, and no secret in its environment."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.secrets import TOKENS_FILE
from deploy.services import NAMES

ROOT = Path(__file__).parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
EXACT = re.compile(r"v?\d+\.\d+(\.\d+)?(-[a-z]+)*")  # a release; Postgres has two numbers, most have three
NETWORKS = {
    "kafka": {"stores", "broker"},
    "postgres": {"stores"},
    **{name: {"stores", "serving"} for name in ("init", *NAMES, "demo", "forewarn")},
    **{name: {"serving"} for name in ("maildev", "alertmanager")},
    "prometheus": {"serving", "dashboards"},
    "grafana": {"dashboards"},
}
# Empty unless .env has them; each can be a file below /config instead.
OPERATORS_OWN = {f"FOREWARN_{name}_PASSWORD" for name in ("SMTP", "BOUNCE_IMAP", "KAFKA", "KAFKA_KEY", "DATABASE_KEY", "ADMIN")} | {
    "FOREWARN_OIDC_CLIENT_SECRET"
}
ONE_SHOTS = {"secrets", "init", "demo", "forewarn", "alerting"}

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
    assert EXACT.fullmatch(SERVICES[name]["image"].partition(":")[2])


def test_the_images_that_ours_is_built_on_have_an_exact_tag() -> None:
    bases = re.findall(r"^FROM (\S+)", (ROOT / "deploy/Dockerfile").read_text(), re.MULTILINE)
    assert len(set(bases)) == 1
    assert all(EXACT.fullmatch(base.partition(":")[2]) for base in bases)


@each_service
def test_what_it_publishes_stays_on_this_machine(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@each_service
def test_its_secrets_are_files_or_the_operators_own(name: str) -> None:
    environment = SERVICES[name].get("environment", {})
    secret = {variable for variable in environment if any(word in variable for word in ("PASSWORD", "TOKEN", "SECRET"))}
    assert {variable for variable in secret if not variable.endswith("_FILE")} <= OPERATORS_OWN


def test_the_file_of_tokens_is_read_by_all_services_written_by_none_and_made_by_the_secrets() -> None:
    for name in NAMES:
        assert "callers:/callers:ro" in SERVICES[name]["volumes"]
        assert SERVICES[name]["environment"]["FOREWARN_TOKENS_FILE"] == "/callers/tokens.yml"
    assert f"callers:/secrets/{Path(TOKENS_FILE).parent}" in SERVICES["secrets"]["volumes"]
    assert Path(TOKENS_FILE).name == "tokens.yml"
    writers = {name for name, service in SERVICES.items() if "callers:/callers" in service.get("volumes", ())}
    assert writers <= {"forewarn"}


def test_native_code_of_the_brokers_codecs_can_be_loaded_from_one_folder_and_an_open_transaction_ends_soon() -> None:
    kafka = SERVICES["kafka"]
    assert [folder for folder in kafka["tmpfs"] if "exec" in folder] == ["/opt/kafka/native:exec,uid=1000,mode=0700,size=16m"]
    assert kafka["environment"]["JAVA_TOOL_OPTIONS"] == "-Djava.io.tmpdir=/opt/kafka/native"
    assert kafka["environment"]["KAFKA_TRANSACTION_MAX_TIMEOUT_MS"] <= 15_000


@each_service
def test_it_is_in_the_networks_of_its_part(name: str) -> None:
    service = SERVICES[name]
    assert set(service.get("networks", ())) == NETWORKS.get(name, set())
    assert service.get("network_mode") == (None if name in NETWORKS else "none")


def test_what_stores_has_no_way_out_and_none_in_from_the_host() -> None:
    assert {name for name, network in COMPOSE["networks"].items() if network.get("internal")} == {"stores"}
    assert [name for name, networks in NETWORKS.items() if "broker" in networks] == ["kafka"]  # its port of the host, and nothing else
    assert "ports" not in SERVICES["postgres"]


def test_the_console_waits_for_none_of_the_services_it_asks() -> None:
    assert SERVICES["console"]["depends_on"].keys() == {"init", "kafka", "postgres"}


def test_only_postgres_gets_capabilities_back() -> None:
    assert [name for name, service in SERVICES.items() if "cap_add" in service] == ["postgres"]


def test_whatever_stays_up_says_that_it_is_healthy_and_comes_back() -> None:
    for name in SERVICES.keys() - ONE_SHOTS:
        assert name in NAMES or SERVICES[name]["healthcheck"]["test"]  # ours: by the image's HEALTHCHECK
        assert SERVICES[name]["restart"] == "unless-stopped"


def test_the_image_is_not_root_installs_by_hash_only_and_says_when_it_is_ready() -> None:
    dockerfile = (ROOT / "deploy/Dockerfile").read_text()
    assert "USER 10001:10001" in dockerfile
    assert "HEALTHCHECK" in dockerfile
    assert "--require-hashes" in dockerfile


@pytest.mark.parametrize("server", ["kafka", "postgres"])
def test_without_a_shipped_server_nobody_waits_for_it(server: str) -> None:
    class Loader(yaml.SafeLoader):
        """Reads Compose's `!reset`, which takes away what the first file has there."""

    Loader.add_constructor("!reset", lambda *_: "reset")
    own = yaml.load((ROOT / f"deploy/compose/own-{server}.yml").read_text(), Loader)["services"]  # noqa: S506  made from the safe one
    assert own.pop(server) == "reset"
    waiting = {name for name, service in SERVICES.items() if server in service.get("depends_on", ())}
    assert own == {name: {"depends_on": {server: "reset"}} for name in waiting}
