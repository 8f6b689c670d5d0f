"""Writes Alertmanager's configuration: the operator's own alertmanager.yml or the shipped one, with mail server and address filled in.

Alertmanager reads no environment variables. `python -m deploy.alerting TARGET` runs before it, ends, and leaves the file where
only Alertmanager sees it, since the mail server's password is in it.
"""

import logging
import sys
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, model_validator

from shared.configuration.files import ConfigError, file_of
from shared.observing import logs
from shared.settings import MailSettings

NAME = "alertmanager.yml"
SHIPPED = Path(__file__).parent / "alertmanager" / NAME
OPERATORS = "operators"  # the receiver whose address is filled in

log = logging.getLogger("deploy.alerting")


class AlertingSettings(MailSettings):
    """Alerting reads FOREWARN_OPERATOR_MAIL, and notifier's mail server."""

    operator_mail: str = Field("operators@example.org", description="who is told of alerts: addresses, divided by commas")

    @classmethod
    def required_secrets(cls) -> frozenset[str]:
        return frozenset()

    @model_validator(mode="after")
    def _can_be_said_to_alertmanager(self) -> "AlertingSettings":
        if (self.smtp_tls == "tls") != (self.smtp_port == 465):
            raise ValueError(
                "Alertmanager speaks TLS from the first byte on port 465 and on no other: FOREWARN_SMTP_TLS=tls goes with port 465"
            )
        if not all("@" in parseaddr(address)[1] for address in self.operator_mail.split(",")):
            raise ValueError("FOREWARN_OPERATOR_MAIL is no list of addresses")
        return self


def own_or_shipped(settings: AlertingSettings) -> Path:
    """Returns the file that is filled in: the operator's own, if there is one."""
    return file_of(NAME, (Path(settings.own_config_dir or SHIPPED.parent), SHIPPED.parent))


def configured(shipped: dict[str, Any], settings: AlertingSettings) -> dict[str, Any]:
    """Returns the shipped configuration with what the environment says about mail; everything else stays."""
    address = parseaddr(settings.mail_from)[1]
    mail: dict[str, Any] = {
        "smtp_smarthost": f"{settings.smtp_host}:{settings.smtp_port}",
        "smtp_from": settings.mail_from,
        "smtp_hello": address.rpartition("@")[2],
        "smtp_require_tls": settings.smtp_tls == "starttls",
    }
    if settings.smtp_username:
        mail |= {"smtp_auth_username": settings.smtp_username, "smtp_auth_password": settings.smtp_password.get_secret_value()}
    receivers = [_addressed(each, settings) if each["name"] == OPERATORS else each for each in shipped["receivers"]]
    return {**shipped, "global": {**(shipped.get("global") or {}), **mail}, "receivers": receivers}


def _addressed(receiver: dict[str, Any], settings: AlertingSettings) -> dict[str, Any]:
    own: dict[str, Any] = {"to": settings.operator_mail}
    if settings.smtp_ca:
        own["tls_config"] = {"ca_file": settings.smtp_ca}
    mails = [{**mail, **own} for mail in receiver.get("email_configs", ())]
    return {**receiver, "email_configs": mails} if mails else receiver


def write(target: Path, settings: AlertingSettings) -> None:
    """Writes the file whole or not at all."""
    text = yaml.safe_dump(configured(yaml.safe_load(own_or_shipped(settings).read_text()), settings), sort_keys=False)
    new = target.with_suffix(".new")
    new.write_text(text)
    # Alertmanager runs as another user; the volume is what keeps others out.
    new.chmod(0o444)
    new.replace(target)
    log.info("alerts go to %s by %s:%d", settings.operator_mail, settings.smtp_host, settings.smtp_port)


if __name__ == "__main__":
    logs.configure("%(message)s")
    try:
        write(Path(sys.argv[1]), AlertingSettings())
    except ConfigError as error:
        sys.exit(str(error))
