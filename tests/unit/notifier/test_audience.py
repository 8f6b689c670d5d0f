"""An address can be used, or not, and one of a customer's is chosen."""

from dataclasses import replace

import pytest

from services.notifier.audience import Contact, contact_for, is_address, to_ascii, trimmed
from tests.unit.notifier.builders import ADA


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.org",
        "ada.lovelace+alerts@mail.example.org",
        "jörg@example.org",
        "ada@bücher.example",
        "a@b",
        "ada@faß.example",
        "ada@a_b.example",
        "ada@ab--cd.example",
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
        "ada@☃.example",
        "ada@a_ü.example",
        "ada@" + ".".join(["äöü" * 13] * 6) + ".example",
    ],
)
def test_these_are_not(address: str) -> None:
    assert not is_address(address)


def test_the_owner_is_preferred_and_else_anybody_is_told() -> None:
    office, owner = Contact("email", "office@example.org", "billing"), Contact("email", "ada@example.org", "owner")
    assert contact_for(replace(ADA, contacts=(office, owner))) == owner
    assert contact_for(replace(ADA, contacts=(office, replace(owner, bad=True)))) == office
    assert contact_for(replace(ADA, contacts=())) is None


@pytest.mark.parametrize(
    ("domain", "in_dns"),
    [
        ("faß.example", "xn--fa-hia.example"),
        ("FAß.Example", "xn--fa-hia.example"),
        ("βόλος.example", "xn--nxasmm1c.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),
        ("bücher。example", "xn--bcher-kva.example"),
        ("xn--fa-hia.example", "xn--fa-hia.example"),
        ("Example.ORG", "Example.ORG"),
        ("☃.example", ""),
    ],
)
def test_a_domain_is_named_as_idna_2008_has_it(domain: str, in_dns: str) -> None:
    assert to_ascii(domain) == in_dns


@pytest.mark.parametrize("before", ["", " ", "\t\r\n", "\u00a0", "\u200b", "\ufeff\u2060", "\u202a", "\u3000\u00ad"])
@pytest.mark.parametrize("after", ["", " ", "\u00a0\u200b", "\u200d", "\x00"])
def test_what_cannot_be_seen_at_the_ends_of_an_address_is_trimmed(before: str, after: str) -> None:
    assert trimmed(f"{before}ada@example.org{after}") == "ada@example.org"
    assert trimmed(before + after) == ""
    assert trimmed(f"{before}ada lovelace@example.org{after}") == "ada lovelace@example.org", "what is inside stays as it is"
