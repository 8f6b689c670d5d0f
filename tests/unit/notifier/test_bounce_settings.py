"""Where bounces come to is checked when notifier starts, and the password of their mailbox crosses no network in clear."""

import hashlib
from typing import Any

import pytest

from services.notifier.settings import NotifierSettings
from shared.settings import SettingsError

NAMES = ("producer_token", "agent_token", "operator_token", "database_password", "link_secret", "bounce_imap_password")
SECRETS: dict[str, Any] = {name: hashlib.sha256(name.encode()).hexdigest() for name in NAMES}


def settings(**own: Any) -> NotifierSettings:
    return NotifierSettings(**SECRETS, smtp_host="localhost", **own)


def test_without_an_address_mails_have_no_return_path_of_their_own() -> None:
    assert settings().return_paths is None


def test_an_address_makes_return_paths_by_the_secret_of_links() -> None:
    paths = settings(bounce_address="bounces@example.com").return_paths
    assert paths is not None
    assert paths.secret == SECRETS["link_secret"].encode()


@pytest.mark.parametrize("address", ["bounces", "b" * 30 + "@example.com", "bö@example.com"])
def test_an_address_that_cannot_be_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="FOREWARN_BOUNCE_ADDRESS: "):
        settings(bounce_address=address)


@pytest.mark.parametrize(
    ("host", "tls"), [("imap.example.com", "tls"), ("imap.example.com", "starttls"), ("127.0.0.1", "none"), ("", "none")]
)
def test_a_mailbox_that_may_be_read(host: str, tls: str) -> None:
    assert settings(bounce_imap_host=host, bounce_imap_tls=tls).bounce_imap_host == host


def test_a_password_in_clear_is_refused() -> None:
    with pytest.raises(SettingsError, match="FOREWARN_BOUNCE_IMAP_PASSWORD would cross the network in clear") as refused:
        settings(bounce_imap_host="imap.example.com", bounce_imap_tls="none")
    assert SECRETS["bounce_imap_password"] not in str(refused.value)
    assert NotifierSettings(environment="demo", bounce_imap_host="imap.example.com", bounce_imap_tls="none").bounce_imap_tls == "none"


def test_a_file_that_cannot_be_used_is_refused() -> None:
    with pytest.raises(SettingsError, match="FOREWARN_BOUNCE_IMAP_CA: "):
        settings(bounce_imap_host="imap.example.com", bounce_imap_ca="/no/such/file")
