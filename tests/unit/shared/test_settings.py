"""A process that refuses to start names the variable and the reason, and never shows a secret."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from deploy.alerting import AlertingSettings
from deploy.init import InitSettings
from deploy.services import NAMES
from services.monitor.settings import MonitorSettings
from services.notifier.channels.email.mail import sender_of
from services.notifier.settings import NotifierSettings
from services.ticketing.settings import TicketingSettings
from shared.configuration.secret_rules import weakness
from shared.settings import Settings, SettingsError
from tests.certificates import authority

ROOT = Path(__file__).parents[3]
KINDS = (MonitorSettings, NotifierSettings, TicketingSettings, InitSettings)
CANARY = "c4nary-in-a-coal-mine"

each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def good(kind: type[Settings]) -> dict[str, Any]:
    """Returns secrets with which it starts in production."""
    return {name: f"{CANARY}-{number}" for number, name in enumerate(sorted(kind.required_secrets()))}


def refusal(kind: type[Settings], **given: Any) -> str:
    with pytest.raises(SettingsError) as refused:
        kind(**{**good(kind), **given})
    return str(refused.value)


@each_kind
@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("", "is not set"),
        ("  \n", "is not set"),
        ("changeme", "is a well-known default"),
        ("Change-Me-Please-123", "is a well-known default"),
        ("postgres-password-1", "is a well-known default"),
        ("1234567890123456", "is a well-known default"),
        ("abcdefghijklmnopqrstuvwxyz", "is a well-known default"),
        ("/run/secrets/database_password", "is the path of a file"),
        ("x7Kq-2mVb9-0aLq", "is too short"),
        ("aaaaaaaabbbbbbbbcccc", "can be guessed"),
    ],
)
def test_outside_demo_each_required_secret_that_is_none_is_refused(kind: type[Settings], value: str, why: str) -> None:
    for name in kind.required_secrets():
        said = refusal(kind, **{name: value})
        assert said.startswith(f"FOREWARN_{name.upper()} {why}")
        assert len(said.splitlines()) == 1
        assert not value.strip() or value.strip() not in said
        assert CANARY not in said
        assert kind(**{**good(kind), name: value, "environment": "demo"})


@pytest.mark.parametrize("value", ["x7Kq-2mVb9-0aLqZ", "correct horse battery staple", "4096184930271650183746", "pass-2mVb9-0aLqZ-me"])
def test_a_secret_of_sixteen_characters_that_nobody_tries_is_one(value: str) -> None:
    assert weakness(value) is None


@each_kind
def test_two_equal_secrets_are_refused_by_both_names(kind: type[Settings]) -> None:
    one, other = sorted(kind.required_secrets())[:2]
    said = refusal(kind, **{other: good(kind)[one]})
    assert said.endswith(" are equal: whoever is given one has both")
    assert {f"FOREWARN_{one.upper()}", f"FOREWARN_{other.upper()}"} <= set(said.split())
    assert CANARY not in said


@pytest.mark.parametrize("token", [f"{CANARY} and more", f"{CANARY}\n", f"{CANARY}-ünïcode"])
def test_a_token_that_no_header_can_hold_is_refused(token: str) -> None:
    said = refusal(MonitorSettings, agent_token=token)
    assert said.startswith("FOREWARN_AGENT_TOKEN cannot be sent in a header")
    assert CANARY not in said


def test_all_mistakes_of_one_kind_are_said_at_once() -> None:
    lines = refusal(NotifierSettings, link_secret="short", agent_token="", http_port="eight thousand", smtp_port="0").splitlines()
    assert lines == [
        "FOREWARN_HTTP_PORT: Input should be a valid integer, unable to parse string as an integer",
        "FOREWARN_SMTP_PORT: Input should be greater than or equal to 1",
    ]
    lines = refusal(NotifierSettings, link_secret="short", agent_token="").splitlines()
    assert [line.split()[0] for line in lines] == ["FOREWARN_AGENT_TOKEN", "FOREWARN_LINK_SECRET"]


# ── shared tokens ────────────────────────────────────────────────────────────────────────────

SHARED = ("producer_token", "agent_token", "operator_token")


@pytest.mark.parametrize("name", SHARED)
def test_with_a_file_of_tokens_an_empty_shared_token_is_turned_off_and_without_one_it_is_missing(name: str) -> None:
    assert MonitorSettings(**{**good(MonitorSettings), name: "", "tokens_file": "/callers/tokens.yml"})
    assert refusal(MonitorSettings, **{name: "", "tokens_file": ""}).startswith(f"FOREWARN_{name.upper()} is not set")


@pytest.mark.parametrize("value", [" ", "changeme", "x7Kq-2mVb9-0aLq", "/run/secrets/agent_token"])
def test_a_shared_token_that_is_not_empty_must_be_a_secret_also_beside_a_file_of_tokens(value: str) -> None:
    assert refusal(MonitorSettings, agent_token=value, tokens_file="/callers/tokens.yml").startswith("FOREWARN_AGENT_TOKEN ")


def test_a_file_of_tokens_makes_no_other_secret_optional() -> None:
    for name in NotifierSettings.required_secrets() - {*SHARED}:
        assert refusal(NotifierSettings, **{name: "", "tokens_file": "/callers/tokens.yml"}).startswith(
            f"FOREWARN_{name.upper()} is not set"
        )


# ── files ────────────────────────────────────────────────────────────────────────────────────


def test_a_secret_file_may_end_in_a_newline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "token"
    path.write_text(f"{CANARY}-of-agents\r\n\n")
    monkeypatch.setenv("FOREWARN_AGENT_TOKEN_FILE", str(path))
    given = good(MonitorSettings)
    del given["agent_token"]
    assert MonitorSettings(**given).agent_token.get_secret_value() == f"{CANARY}-of-agents"


def test_a_secret_file_that_cannot_be_read_is_named_with_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = {"missing": tmp_path / "missing", "folder": tmp_path, "binary": tmp_path / "binary", "long": tmp_path / "long"}
    paths["binary"].write_bytes(CANARY.encode() + b"\xff\xfe")
    paths["long"].write_text(CANARY * 1000)
    for why, path in paths.items():
        monkeypatch.setenv("FOREWARN_OPERATOR_TOKEN_FILE", str(path))
        said = refusal(MonitorSettings)
        assert said.startswith(f"FOREWARN_OPERATOR_TOKEN_FILE: '{path}' "), why
        assert CANARY not in said


@pytest.mark.parametrize("given", [CANARY, f"{CANARY}/and/more", f"/{CANARY}", f"/{CANARY}/and/more", CANARY * 100])
def test_a_secret_in_the_variable_for_its_file_is_not_shown(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREWARN_OPERATOR_TOKEN_FILE", given)
    said = refusal(MonitorSettings)
    assert said.startswith("FOREWARN_OPERATOR_TOKEN_FILE: what it holds (not shown")
    assert CANARY not in said


def test_a_secret_file_that_is_empty_is_a_secret_that_is_not_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").touch()
    monkeypatch.setenv("FOREWARN_AGENT_TOKEN_FILE", str(tmp_path / "token"))
    given = good(MonitorSettings)
    del given["agent_token"]
    with pytest.raises(SettingsError, match="FOREWARN_AGENT_TOKEN is not set; set it, or FOREWARN_AGENT_TOKEN_FILE"):
        MonitorSettings(**given)


# ── the mail server's password ───────────────────────────────────────────────────────────────

LOGIN: dict[str, Any] = {"smtp_username": "forewarn", "smtp_password": CANARY, "smtp_tls": "none"}


@pytest.mark.parametrize("host", ["smtp.example.org", "10.0.0.7", "localhost.example.org"])
def test_outside_demo_no_password_goes_to_another_machine_in_clear(host: str) -> None:
    said = refusal(NotifierSettings, **LOGIN, smtp_host=host)
    assert said.startswith("FOREWARN_SMTP_TLS is none, so that FOREWARN_SMTP_PASSWORD would cross the network in clear")
    assert CANARY not in said
    with pytest.raises(SettingsError, match="in clear"):
        AlertingSettings(**LOGIN, smtp_host=host)
    assert NotifierSettings(**{**good(NotifierSettings), **LOGIN, "smtp_host": host, "smtp_clear_login": True})
    assert NotifierSettings(**{**good(NotifierSettings), **LOGIN, "smtp_host": host, "smtp_tls": "starttls"})


@pytest.mark.parametrize("host", ["smtp.example.org", "10.0.0.7", "maildev.example.org"])
def test_outside_demo_no_mail_goes_to_another_machine_in_clear_unless_that_is_said(host: str) -> None:
    said = refusal(NotifierSettings, smtp_host=host)
    assert said.startswith("FOREWARN_SMTP_TLS is none, so that what customers are told would cross the network in clear")
    assert len(said.splitlines()) == 1
    with pytest.raises(SettingsError, match="in clear"):
        AlertingSettings(smtp_host=host)
    for allowed in ({"smtp_clear": True}, {"smtp_tls": "starttls"}, {"environment": "demo"}, {"smtp_host": "maildev"}):
        assert NotifierSettings(**{**good(NotifierSettings), "smtp_host": host, **allowed})
    assert "FOREWARN_SMTP_PASSWORD" in refusal(NotifierSettings, **LOGIN, smtp_host=host, smtp_clear=True)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_on_this_machine_it_may(host: str) -> None:
    assert NotifierSettings(**{**good(NotifierSettings), **LOGIN, "smtp_host": host})


# ── several relays, and signatures ───────────────────────────────────────────────────────────

KEY = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def notifier(**given: Any) -> NotifierSettings:
    return NotifierSettings(**{**good(NotifierSettings), **given})


def test_one_mail_server_is_one_relay_and_a_list_takes_its_place() -> None:
    [one] = notifier(smtp_host="localhost", smtp_port=2525, smtp_username="shop", smtp_password=CANARY).mail_relays
    assert (one.name, one.username, one.password, one.tls) == ("localhost:2525", "shop", CANARY, "none")
    several = notifier(smtp_relays=f"smtps://shop:{CANARY}@one.example.org smtp://two.example.org:587?weight=3")
    assert [(each.name, each.tls, each.weight) for each in several.mail_relays] == [
        ("one.example.org:465", "tls", 1),
        ("two.example.org:587", "starttls", 3),
    ]
    assert CANARY not in f"{several!r} {several.mail_relays!r}"


@pytest.mark.parametrize("relays", ["mail.example.org", f"smtp://{CANARY}@mail.example.org", f"smtp://mail.example.org?{CANARY}=1"])
def test_relays_that_cannot_be_read_are_refused_and_not_shown(relays: str) -> None:
    said = refusal(NotifierSettings, smtp_relays=relays)
    assert said.startswith("FOREWARN_SMTP_RELAYS: relay 1 ")
    assert CANARY not in said


def test_no_relay_is_spoken_to_in_clear_unless_that_is_said() -> None:
    relays = f"smtps://one.example.org smtp://shop:{CANARY}@two.example.org?tls=none"
    said = refusal(NotifierSettings, smtp_relays=relays)
    assert said.startswith("FOREWARN_SMTP_RELAYS: relay 2 has tls=none, so that its password would cross the network in clear")
    assert CANARY not in said
    assert notifier(smtp_relays=relays, smtp_clear_login=True)
    assert "FOREWARN_SMTP_CLEAR_LOGIN" in refusal(NotifierSettings, smtp_relays=relays, smtp_clear=True)
    assert "FOREWARN_SMTP_CLEAR=true" in refusal(NotifierSettings, smtp_relays="smtp://two.example.org?tls=none")
    assert notifier(smtp_relays="smtp://two.example.org?tls=none", smtp_clear=True)
    assert notifier(smtp_relays="smtp://127.0.0.1:2525?tls=none")


def test_an_authoritys_file_is_used_where_only_a_relay_has_tls(tmp_path: Path) -> None:
    ca = str(authority(tmp_path).ca)
    assert "FOREWARN_SMTP_CA" in refusal(NotifierSettings, smtp_ca=ca)
    assert notifier(smtp_ca=ca, smtp_relays="smtps://one.example.org")


def test_mails_are_signed_for_the_senders_domain_or_one_above_it_with_a_key_and_its_name() -> None:
    sender = sender_of("support@mail.example.org")
    assert notifier(mail_from=sender.address).mail_signer(sender) is None
    for domain in ("", "example.org", "mail.example.org"):
        assert notifier(mail_from=sender.address, dkim_selector="s1", dkim_key=KEY, dkim_domain=domain).mail_signer(sender)
    assert "DMARC" in refusal(NotifierSettings, mail_from=sender.address, dkim_selector="s1", dkim_key=KEY, dkim_domain="ample.org")
    for part in ({"dkim_selector": "s1"}, {"dkim_key": KEY}, {"dkim_domain": "example.org"}):
        assert "go together" in refusal(NotifierSettings, **part)
    assert refusal(NotifierSettings, dkim_selector="s1", dkim_key=CANARY).startswith("FOREWARN_DKIM_KEY: it is no private key")
    assert refusal(NotifierSettings, dkim_selector="s 1", dkim_key=KEY).startswith("FOREWARN_DKIM_SELECTOR: it is no name in DNS")


# ── whole processes ──────────────────────────────────────────────────────────────────────────

MODULES = ("services.notifier", "deploy.init", "deploy.alerting")
SECRETS = (
    *("DATABASE_PASSWORD", "PRODUCER_TOKEN", "AGENT_TOKEN", "OPERATOR_TOKEN", "LINK_SECRET", "SMTP_PASSWORD", "ADMIN_PASSWORD"),
    *(f"{service.upper()}_PASSWORD" for service in NAMES),
)


def said_by(arguments: list[str], **environment: str) -> tuple[int, str]:
    """Returns the exit code of a process of ours with a canary in each secret, and all it printed."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FOREWARN_")}
    canaries = {f"FOREWARN_{name}": f"{CANARY}-{number}" for number, name in enumerate(SECRETS)}
    process = subprocess.run(
        [sys.executable, *arguments], env={**inherited, **canaries, **environment}, cwd=ROOT, capture_output=True, timeout=60, check=False
    )
    return process.returncode, (process.stdout + process.stderr).decode()


@pytest.mark.parametrize("module", MODULES)
def test_a_process_that_refuses_to_start_shows_no_secret(module: str) -> None:
    environment = {"FOREWARN_OPERATOR_TOKEN": "short", "FOREWARN_MONITOR_PASSWORD": "short", "FOREWARN_SMTP_USERNAME": "forewarn"}
    code, said = said_by(["-m", module, "/nowhere"], FOREWARN_SMTP_HOST="smtp.example.org", **environment)
    assert code == 1
    assert said.startswith("FOREWARN_")
    assert "Traceback" not in said
    assert CANARY not in said


@pytest.mark.parametrize("arguments", [["streams", "--help"], ["streams", "--url", "http://127.0.0.1:1"]])
def test_the_command_line_shows_no_token_neither_in_help_nor_in_a_refusal(arguments: list[str]) -> None:
    code, said = said_by(["-m", "deploy.local.cli", *arguments], FOREWARN_OPERATOR_TOKEN=f"{CANARY}\r\nX-Injected: 1")
    assert code == ("--help" not in arguments)
    assert "Traceback" not in said
    assert CANARY not in said
