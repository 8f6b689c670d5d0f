"""actions.yml and the secrets of its webhooks are read as they are meant, and each mistake is said."""

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.monitor.actions.deciding import PAUSES, next_call
from services.monitor.actions.file import ActionsFile
from services.monitor.actions.webhooks import key_of, opened
from services.monitor.rules.customers import Action
from services.monitor.settings import MonitorSettings
from shared.configuration.files import ConfigError
from tests.builders import NOON

SECRET = "whsec_" + b64encode(bytes(range(24))).decode()
FILE = ActionsFile.model_validate({"webhooks": {"billing": {"url": "https://billing.example.com/x", "secret": "billing"}}})


def settings(folder: Path, *lines: str) -> MonitorSettings:
    (folder / "billing").write_text("\n".join(lines) + "\n")
    return demo(folder)


def demo(folder: Path) -> MonitorSettings:
    return MonitorSettings(environment="demo", hooks_dir=str(folder))


def test_one_secret_or_two_while_they_are_rotated(tmp_path: Path) -> None:
    assert opened(FILE, settings(tmp_path, SECRET))["billing"].keys == [bytes(range(24))]
    assert len(opened(FILE, settings(tmp_path, SECRET, SECRET))["billing"].keys) == 2


@pytest.mark.parametrize("lines", [["secret"], [SECRET.removeprefix("whsec_")], ["whsec_"], ["whsec_c2hvcnQ="], [SECRET] * 3, [""]])
def test_what_is_no_secret_of_standard_webhooks_is_said_with_its_webhook(tmp_path: Path, lines: list[str]) -> None:
    with pytest.raises(ConfigError, match="billing"):
        opened(FILE, settings(tmp_path, *lines))


def test_a_secret_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="billing"):
        opened(FILE, demo(tmp_path))


@pytest.mark.parametrize("size", [23, 65])
def test_a_key_has_24_to_64_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="24 to 64"):
        key_of("whsec_" + b64encode(bytes(size)).decode())


@pytest.mark.parametrize("url", ["ftp://example.com", "https://", "example.com", "https://me:pw@example.com", "https://example.com/#x"])
def test_only_an_address_is_an_address(url: str) -> None:
    with pytest.raises(ValidationError, match="address of a webhook"):
        ActionsFile.model_validate({"webhooks": {"billing": {"url": url, "secret": "billing"}}})


@pytest.mark.parametrize(
    "said", [{"kind": "help", "priority": "high"}, {"kind": "case", "name": "x"}, {"kind": "webhook"}, {"kind": "article"}]
)
def test_an_action_says_what_its_kind_needs_and_nothing_else(said: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Action.model_validate(said)
    assert Action.model_validate({"kind": "case", "priority": "high"}).priority == "high"


def test_a_webhook_is_called_once_more_than_there_are_pauses() -> None:
    assert next_call(1, NOON) == NOON + PAUSES[0]
    assert next_call(len(PAUSES), NOON) == NOON + PAUSES[-1]
    assert next_call(len(PAUSES) + 1, NOON) is None
