"""Finds connection settings that contradict each other, or would send secrets in clear: one sentence for each."""

import string
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import TYPE_CHECKING

from shared.connecting.tls import Files, Unusable

if TYPE_CHECKING:
    from shared.settings import MailSettings, Settings

SHIPPED_MAILBOX = "maildev"  # the host of the compose stack's mailbox, which is in a network of the stack's own
LONGEST_PREFIX = 150  # characters; Kafka takes 249 of a topic's name
IN_A_NAME = frozenset(string.ascii_letters + string.digits + "._-")  # in a topic's name
IN_CLEAR = ("plain", "oauthbearer")  # what these send is all that is needed to log in
VERIFYING = ("verify-ca", "verify-full")


def troubles(settings: "Settings") -> Iterator[str]:
    """Yields what keeps a process from connecting to the brokers and to Postgres as it is set."""
    for rule in RULES:
        yield from rule(settings)


def _login(settings: "Settings") -> Iterator[str]:
    """Checks the log-in to the brokers: everything it needs is set, and nothing that would not be used."""
    security, sasl = settings.kafka_security, settings.kafka_sasl
    given = sasl or settings.kafka_username or settings.kafka_token_file
    if security.startswith("sasl") and not sasl:
        yield f"FOREWARN_KAFKA_SECURITY is {security}, and FOREWARN_KAFKA_SASL does not say how to log in"
    elif given and not security.startswith("sasl"):
        yield f"FOREWARN_KAFKA_SECURITY is {security}, with which nobody logs in: set it to sasl_ssl, or leave FOREWARN_KAFKA_SASL out"
    elif sasl == "oauthbearer" and (settings.kafka_username or not settings.kafka_token_file):
        yield "FOREWARN_KAFKA_SASL is oauthbearer, which takes FOREWARN_KAFKA_TOKEN_FILE and no FOREWARN_KAFKA_USERNAME"
    elif sasl and sasl != "oauthbearer" and not (settings.kafka_username and settings.kafka_password.get_secret_value()):
        yield f"FOREWARN_KAFKA_SASL is {sasl}, which takes FOREWARN_KAFKA_USERNAME and FOREWARN_KAFKA_PASSWORD"


def _login_in_clear(settings: "Settings") -> Iterator[str]:
    sasl, hosts = settings.kafka_sasl, _hosts(settings.kafka)
    sent = settings.kafka_security == "sasl_plaintext" and sasl in IN_CLEAR
    if sent and not _may_be_clear(settings, settings.kafka_clear_login, hosts):
        yield (
            f"FOREWARN_KAFKA_SECURITY is sasl_plaintext, so that what {sasl} sends would cross the network in clear:"
            " set it to sasl_ssl, or set FOREWARN_KAFKA_CLEAR_LOGIN=true"
        )


def _broker_files(settings: "Settings") -> Iterator[str]:
    security = settings.kafka_security
    files = Files(settings.kafka_ca, settings.kafka_certificate, settings.kafka_key, settings.kafka_key_password.get_secret_value())
    yield from _files("KAFKA", files, None if security.endswith("ssl") else f"FOREWARN_KAFKA_SECURITY is {security}, which has no TLS")


def _prefix(settings: "Settings") -> Iterator[str]:
    if len(settings.kafka_prefix) > LONGEST_PREFIX or not IN_A_NAME.issuperset(settings.kafka_prefix):
        yield f"FOREWARN_KAFKA_PREFIX is no beginning of a topic's name: letters, digits, '.', '_' and '-', at most {LONGEST_PREFIX}"


def _database_files(settings: "Settings") -> Iterator[str]:
    tls, password = settings.database_tls, settings.database_key_password.get_secret_value()
    files = Files(settings.database_ca, settings.database_certificate, settings.database_key, password)
    unused = f"FOREWARN_DATABASE_TLS is {tls}, which neither verifies the server nor shows it who we are: set it to verify-full"
    yield from _files("DATABASE", files, None if tls in VERIFYING else unused)


RULES: tuple[Callable[["Settings"], Iterator[str]], ...] = (_login, _login_in_clear, _broker_files, _prefix, _database_files)


def mail_troubles(settings: "MailSettings") -> Iterator[str]:
    """Yields what would let strangers read mails or the mail server's password; and files that cannot be used."""
    clear = settings.smtp_tls == "none"
    if clear and settings.smtp_username and not allows_clear(settings, settings.smtp_host, login=True):
        yield (
            "FOREWARN_SMTP_TLS is none, so that FOREWARN_SMTP_PASSWORD would cross the network in clear:"
            " set it to starttls or tls, or set FOREWARN_SMTP_CLEAR_LOGIN=true"
        )
    elif clear and not settings.smtp_username and not allows_clear(settings, settings.smtp_host, login=False):
        yield (
            "FOREWARN_SMTP_TLS is none, so that what customers are told would cross the network in clear:"
            " set it to starttls or tls, or set FOREWARN_SMTP_CLEAR=true"
        )
    yield from _files("SMTP", Files(settings.smtp_ca), None if settings.speaks_tls else "FOREWARN_SMTP_TLS is none")


def allows_clear(settings: "MailSettings", host: str, *, login: bool) -> bool:
    """Says whether mails, and a password if we log in, may go to this mail server unencrypted."""
    if login:
        return _may_be_clear(settings, settings.smtp_clear_login, [host])
    return _may_be_clear(settings, settings.smtp_clear or settings.smtp_clear_login, [host], SHIPPED_MAILBOX)


def mailbox_troubles(settings: "Settings", of: str, host: str, tls: str, ca: str) -> Iterator[str]:
    """Yields what would let strangers read the password of a mailbox that is read; and a file that cannot be used."""
    if host and tls == "none" and not _may_be_clear(settings, False, [host]):
        yield f"FOREWARN_{of}_TLS is none, so that FOREWARN_{of}_PASSWORD would cross the network in clear: set it to starttls or tls"
    yield from _files(of, Files(ca), f"FOREWARN_{of}_TLS is none" if tls == "none" else None)


def _files(of: str, files: Files, unused: str | None) -> Iterator[str]:
    """Yields what is wrong with these TLS files; `unused` says why nothing would read them."""
    given = [f"FOREWARN_{of}_{name.upper()}" for name in ("ca", "certificate", "key") if getattr(files, name)]
    if given and unused:
        yield f"{given[0]} is set, and {unused}"
    elif files.key and not files.certificate:
        yield f"FOREWARN_{of}_KEY is set without FOREWARN_{of}_CERTIFICATE"
    elif given:
        try:
            files.context()
        except Unusable as error:
            yield f"FOREWARN_{of}_{error.which.upper()}: {error}"


def _may_be_clear(settings: "Settings", allowed: bool, hosts: list[str], *also: str) -> bool:
    """Returns True when the traffic to these hosts may go unencrypted."""
    return allowed or settings.environment == "demo" or all(host.lower() in also or _on_this_machine(host) for host in hosts)


def _hosts(servers: str) -> list[str]:
    """Returns the hosts of host:port[,host:port]; an IPv6 address stands in brackets."""
    return [server.strip().rpartition(":")[0] or server.strip() for server in servers.split(",")]


def _on_this_machine(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
