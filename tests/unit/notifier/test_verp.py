"""A return path names its notification and its address to us alone, whatever mail servers do to its case."""

import base64
import string
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.audience import is_address
from services.notifier.channels.email.verp import LONGEST_LOCAL, ReturnPaths, address_trouble

PATHS = ReturnPaths("bounces@example.com", b"a secret")
OTHERS = ReturnPaths("bounces@example.com", b"another secret")
ID = str(UUID(int=7))
ADA = "ada@example.org"


@given(st.uuids(), st.text(max_size=80))
def test_a_return_path_names_its_notification_and_its_address(id_: UUID, to: str) -> None:
    path = PATHS.return_path(str(id_), to)
    assert PATHS.notification_of(path) == str(id_)
    assert PATHS.went_to(path, to)
    assert not PATHS.went_to(path, to + "x") or PATHS.return_path(str(id_), to + "x") == path  # 24 bits may meet


@given(st.uuids(), st.integers(1, LONGEST_LOCAL))
def test_it_is_an_address_that_every_server_takes(id_: UUID, length: int) -> None:
    path = ReturnPaths(f"{'b' * length}@example.com", b"s").return_path(str(id_), ADA)
    local = path.rpartition("@")[0]
    assert is_address(path)
    assert len(local) <= 64
    assert set(local) <= {*string.ascii_lowercase, *string.digits, "+"}


@pytest.mark.parametrize(
    "changed", [str.upper, str.lower, str.title, "<{}>".format, " {}\t".format], ids=["upper", "lower", "title", "in brackets", "in space"]
)
def test_a_server_may_change_its_case_and_a_header_its_frame(changed: object) -> None:
    assert callable(changed)
    assert PATHS.notification_of(changed(PATHS.return_path(ID, ADA))) == ID


def test_it_holds_nothing_of_the_address() -> None:
    path = PATHS.return_path(ID, ADA)
    assert "ada" not in path
    raw = base64.b32decode(path.partition("+")[2].partition("@")[0].upper() + "===")
    assert len(raw) == 28


@given(st.integers(0, 44), st.sampled_from(string.ascii_lowercase + "234567"))
def test_a_token_that_was_changed_names_nothing(at: int, to: str) -> None:
    path = PATHS.return_path(ID, ADA)
    place = len("bounces+") + at
    forged = path[:place] + to + path[place + 1 :]
    same_octets = base64.b32decode(forged[8:53].upper() + "===") == base64.b32decode(path[8:53].upper() + "===")
    assert PATHS.notification_of(forged) == (ID if same_octets else None)  # the last character has a bit that says nothing


@pytest.mark.parametrize(
    "path",
    [
        OTHERS.return_path(ID, ADA),
        PATHS.return_path(ID, ADA).replace("example.com", "example.net"),
        PATHS.return_path(ID, ADA).replace("bounces", "bounce"),
        *("bounces@example.com", "bounces+@example.com", "", "@", "+@", "bounces+" + "1" * 45 + "@example.com"),
        "bounces+" + "ä" * 45 + "@example.com",
        "bounces+" + "a" * 100_000 + "@example.com",
    ],
)
def test_another_address_names_nothing(path: str) -> None:
    assert PATHS.notification_of(path) is None
    assert not PATHS.went_to(path, ADA)


@given(st.text())
def test_nothing_that_anybody_writes_raises(path: str) -> None:
    assert PATHS.notification_of(path) is None
    assert PATHS.notification_of(f"bounces+{path}@example.com") is None


def test_an_id_that_is_no_uuid_has_the_address_itself() -> None:
    assert PATHS.return_path("n-1", ADA) == "bounces@example.com"


def test_the_secret_is_not_shown() -> None:
    assert "secret" not in repr(PATHS)


@pytest.mark.parametrize("address", ["b" * LONGEST_LOCAL + "@example.com", "bounces@mail.example.com"])
def test_an_address_for_bounces(address: str) -> None:
    assert address_trouble(address) is None


@pytest.mark.parametrize("address", ["b" * (LONGEST_LOCAL + 1) + "@example.com", "bounces", "bö@example.com", "a b@example.com", "<a@b.c>"])
def test_no_address_for_bounces(address: str) -> None:
    assert address_trouble(address) is not None
