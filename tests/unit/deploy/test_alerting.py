"""Alertmanager's configuration is the shipped one, with the mail server and the operator's address filled in."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.alerting import SHIPPED, AlertingSettings, configured, write
from shared.settings import SettingsError

RULES = yaml.safe_load((SHIPPED.parents[1] / "prometheus/rules.yml").read_text())
ALERTS = {rule["alert"] for group in RULES["groups"] for rule in group["rules"]}


def settings(**given: Any) -> AlertingSettings:
    return AlertingSettings(**{"smtp_host": "smtp.example.org", "smtp_port": 587, "smtp_tls": "starttls", **given})


def test_the_operator_is_told_by_mail_through_notifiers_mail_server(tmp_path: Path) -> None:
    target = tmp_path / "alertmanager.yml"
    write(
        target,
        settings(
            operator_mail="ops@example.org, night@example.org", smtp_username="u", smtp_password="p: '#\n", mail_from="Shop <a@b.example>"
        ),
    )
    said = yaml.safe_load(target.read_text())
    assert said["receivers"][0]["email_configs"] == [{"to": "ops@example.org, night@example.org", "send_resolved": True}]
    assert said["global"] == {
        "smtp_smarthost": "smtp.example.org:587",
        "smtp_from": "Shop <a@b.example>",
        "smtp_hello": "b.example",
        "smtp_require_tls": True,
        "smtp_auth_username": "u",
        "smtp_auth_password": "p: '#\n",
    }


def test_what_an_operator_changed_in_the_file_stays() -> None:
    shipped = yaml.safe_load(SHIPPED.read_text())
    shipped["receivers"].append({"name": "chat", "slack_configs": [{"channel": "#ops"}]})
    shipped["global"] = {"resolve_timeout": "9m"}
    said = configured(shipped, settings())
    assert said["receivers"][1] == shipped["receivers"][1]
    assert said["global"]["resolve_timeout"] == "9m"
    assert said["route"] == shipped["route"]


@pytest.mark.parametrize(
    "given", [{"smtp_tls": "tls", "smtp_port": 587}, {"smtp_tls": "starttls", "smtp_port": 465}, {"operator_mail": "nobody"}]
)
def test_what_alertmanager_would_misunderstand_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        settings(**given)


def test_an_alert_that_explains_others_names_alerts_that_exist() -> None:
    matchers = [
        matcher
        for rule in yaml.safe_load(SHIPPED.read_text())["inhibit_rules"]
        for side in ("source", "target")
        for matcher in rule[f"{side}_matchers"]
    ]
    named = {name for matcher in matchers for name in matcher.split("=")[1].strip(' ~"').split("|")}
    assert named <= ALERTS
