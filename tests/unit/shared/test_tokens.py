"""A token of ours is long, random, of a form that scanners know, and known by its hash; names say who holds one."""

import hashlib
import string
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.http.tokens import is_token, mint, sha256, without_tokens
from shared.identity import RESERVED, Caller, Role, name_trouble, person_trouble
from tests.hostile.terminals import HOSTILE

EACH_ROLE = pytest.mark.parametrize("role", Role)
BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


def number(figures: str) -> int:
    value = 0
    for figure in figures:
        value = 62 * value + BASE62.index(figure)
    return value


# ── the form ─────────────────────────────────────────────────────────────────────────────────


@EACH_ROLE
def test_a_token_says_its_role_then_256_bits_then_a_checksum_of_both(role: Role) -> None:
    prefix, said, figures = mint(role).split("_")
    assert (prefix, said, len(figures)) == ("fw", role, 49)
    assert number(figures[:43]) < 2**256
    assert number(figures[43:]) == zlib.crc32(f"fw_{role}_{figures[:43]}".encode())


def test_43_figures_hold_256_bits_and_42_do_not() -> None:
    assert 62**42 < 2**256 <= 62**43


def test_no_two_tokens_are_equal_and_their_figures_are_spread() -> None:
    tokens = [mint(Role.AGENT) for _ in range(1000)]
    assert len({*tokens}) == 1000
    assert {figure for token in tokens for figure in token[9:]} == {*BASE62}


@EACH_ROLE
def test_a_token_with_any_figure_changed_is_none(role: Role) -> None:
    token = mint(role)
    assert is_token(token)
    for at in range(len(token)):
        assert not is_token(token[:at] + ("a" if token[at] != "a" else "b") + token[at + 1 :]), at
    assert not any(map(is_token, (token[:-1], token + "0", "", token.upper(), token.replace("_", "-"), f" {token}", f"{token}\n")))


@given(st.text())
def test_no_other_text_is_a_token(text: str) -> None:
    assert not is_token(text)


def test_a_token_is_known_by_its_sha_256() -> None:
    token = mint(Role.PRODUCER)
    assert sha256(token) == hashlib.sha256(token.encode()).hexdigest()


@EACH_ROLE
def test_a_text_with_tokens_keeps_their_prefix_only_even_when_it_is_cut(role: Role) -> None:
    token = mint(role)
    text = without_tokens(f"GET /v1/{token}?x={token} {token[:30]}")
    assert text == f"GET /v1/fw_{role}_…?x=fw_{role}_… fw_{role}_…"


# ── names ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["a", "7", "ada", "shop-eu.2_b", "a" * 64, "null", "0x1f", "1e5", "2026-01-01", "on"])
def test_a_name_is_64_small_letters_figures_dots_and_dashes(name: str) -> None:
    assert name_trouble(name) is None


@pytest.mark.parametrize(
    "name", ["", "a" * 65, "Ada", "ada lovelace", "-a", ".", "..", "_a", "a/b", "a\n", "ä", "٣", "a:b", *HOSTILE.values()]
)
def test_anything_else_is_no_name(name: str) -> None:
    assert name_trouble(name)


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_nobody_is_called_like_forewarn_or_a_role_neither_by_a_token_nor_by_whoever_acts_for_others(name: str) -> None:
    assert "reserved" in (name_trouble(name) or "")
    for person in (name, name.upper(), name.title()):
        assert "reserved" in (person_trouble(person) or "")


def test_the_names_of_all_roles_are_reserved() -> None:
    assert {*Role} <= RESERVED


@pytest.mark.parametrize(
    "person",
    ["ada@example.org", "Ada.Lovelace+support@example.org", "o'brien@example.org", "auth0|5f7c1", "a" * 254, "forewarn@example.org"],
)
def test_a_person_is_called_as_mail_and_identity_providers_call_people(person: str) -> None:
    assert person_trouble(person) is None


@pytest.mark.parametrize(
    "person", ["", " ", "a" * 255, "ada lovelace", "@ada", "ada\t", "ada,bob", "<ada@example.org>", "adä", *HOSTILE.values()]
)
def test_anything_else_is_nobody(person: str) -> None:
    assert person_trouble(person)


def test_history_says_the_person_that_somebody_acted_for_and_else_the_caller() -> None:
    assert Caller("console", Role.AGENT, "ada@example.org").person == "ada@example.org"
    assert Caller("ada", Role.AGENT).person == "ada"


@EACH_ROLE
def test_an_operator_may_do_what_any_role_may(role: Role) -> None:
    assert Caller("root", Role.OPERATOR).may(role)
    assert Caller("x", role).may(role)
    assert not Caller("x", Role.PRODUCER).may(Role.AGENT)
    assert not Caller("x", Role.AGENT).may(Role.PRODUCER)
