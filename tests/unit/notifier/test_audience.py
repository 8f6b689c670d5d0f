"""Where a customer can be reached."""

from dataclasses import replace

import pytest

from services.notifier.audience import Contact, contact_for, is_address
from tests.unit.notifier.builders import ADA


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.org",
        "ada.lovelace+alerts@mail.example.org",
        "jörg@example.org",
        "ada@bücher.example",
        "a@b",
        "o'hara@example.org",
        "x" * 64 + "@example.org",
    ],
)
def test_these_are_addresses(address: str) -> None:
    assert is_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "@example.org",
        "ada@",
        "ada@@example.org",
        "ada@example..org",
        "ada@-example.org",
        "ada@exa mple.org",
        "ada@example.org\r\nBcc: eve@example.net",
        "ada\0@example.org",
        "Ada <ada@example.org>",
        "ada@example.org,eve@example.net",
        '"ada lovelace"@example.org',
        "x" * 65 + "@example.org",
        "ada@" + ".".join(["x" * 63] * 4) + ".org",
        "ada\ud800@example.org",
    ],
)
def test_these_are_not(address: str) -> None:
    assert not is_address(address)


def test_the_owner_is_preferred_and_else_anybody_is_told() -> None:
    office, owner = Contact("email", "office@example.org", "billing"), Contact("email", "ada@example.org", "owner")
    assert contact_for(replace(ADA, contacts=(office, owner))) == owner
    assert contact_for(replace(ADA, contacts=(office, replace(owner, bad=True)))) == office
    assert contact_for(replace(ADA, contacts=())) is None
