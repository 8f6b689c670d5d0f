"""actions.yml and the secrets of its webhooks are read as they are meant, and each mistake is said."""

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.monitor.actions.deciding import next_call
from services.monitor.actions.file import ActionsFile
from services.monitor.actions.webhooks import BODY, body_of, opened
from services.monitor.risk.life import RiskRow
from services.monitor.rules.customers import Action
from services.monitor.settings import MonitorSettings
from shared.configuration.files import ConfigError
from shared.webhooks.retrying import PAUSES, SPREAD
from shared.webhooks.signing import key_of
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
    for tries, pause in enumerate(PAUSES, 1):
        again = next_call("k-1", tries, NOON)
        assert again is not None
        assert pause * (1 - SPREAD) <= again - NOON <= pause * (1 + SPREAD)
    assert next_call("k-1", len(PAUSES) + 1, NOON) is None


def test_calls_about_different_risks_do_not_all_come_back_at_once() -> None:
    assert len({next_call(f"k-{number}", 1, NOON) for number in range(100)}) > 90


def told_of(evidence: list[str], contributions: dict[str, float]) -> tuple[int, dict[str, Any]]:
    """Returns the length of a body, and what it says."""
    row = RiskRow(
        id="r" * 36,
        customer_id="\x01" * 255,
        rule="x" * 63,
        version="1",
        title="\x01" * 1000,
        score=1.0,
        contributions=contributions,
        evidence=evidence,
        action=None,
        began_at=NOON,
        last_at=NOON,
        raised_at=NOON,
        cleared_at=None,
        reason=None,
        cleared_by=None,
        note="",
    )
    body = body_of(row, NOON)
    return len(body), json.loads(body)["data"]


def test_a_body_has_20_kilobytes_at_most_and_says_when_something_was_left_out() -> None:
    # Given evidence and addends that fit, nothing is left out
    _, said = told_of(["3 failures in a row"], {"failures": 1.0})
    assert (said["evidence"], said["contributions"], said["truncated"]) == (["3 failures in a row"], {"failures": 1.0}, False)
    # Given more than fits, the first sentences and the greatest addends are told
    sentences, addends = [f"{number}: " + "\x01" * 500 for number in range(60)], {f"{number:063}": number / 1000 for number in range(500)}
    size, said = told_of(sentences, addends)
    assert size <= BODY
    assert said["truncated"]
    assert said["evidence"] == sentences[: len(said["evidence"])] != []
    assert said["contributions"] == {f"{number:063}": number / 1000 for number in range(450, 500)}
    # and one sentence that is too long is cut
    _, said = told_of(["x" * 1001], {})
    assert (said["evidence"], said["truncated"]) == (["x" * 1000], True)
