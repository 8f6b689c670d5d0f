"""A link of ours names its right and nothing else opens it."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.notifier.channels.email.mail import Sender, compose
from services.notifier.channels.outcome import Rendered
from services.notifier.public.links import Right, right_of, token_for
from services.notifier.settings import LONGEST_URL, NotifierSettings
from shared.events.customers import LONGEST_ID
from shared.settings import SettingsError
from tests.builders import NOON

SECRET = "a secret"
TOKEN = token_for(Right("incident", "c-1"), SECRET)


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=255))
def test_a_link_gives_its_own_right_back_and_is_safe_in_a_url(customer_id: str) -> None:
    token = token_for(Right("incident", customer_id), SECRET)
    assert right_of(token, SECRET) == Right("incident", customer_id)
    assert all(each.isascii() and (each.isalnum() or each in "-_.") for each in token)


@given(st.integers(0, len(TOKEN) - 1), st.sampled_from("ABCxyz019-_."))
def test_a_link_changed_anywhere_is_none(at: int, instead: str) -> None:
    forged = TOKEN[:at] + instead + TOKEN[at + 1 :]
    assert forged == TOKEN or right_of(forged, SECRET) is None


@given(st.text(max_size=80))
def test_whatever_else_is_no_link_and_no_error(token: str) -> None:
    assert right_of(token, SECRET) is None


def test_a_link_of_another_secret_is_none() -> None:
    assert right_of(TOKEN, "another secret") is None


def test_the_seal_of_one_right_is_not_that_of_another() -> None:
    seal = TOKEN.partition(".")[2]
    other = token_for(Right("incident", "c-2"), SECRET).partition(".")[0]
    assert right_of(f"{other}.{seal}", SECRET) is None


CUSTOMERS = st.text(st.characters(codec="utf-8") | st.sampled_from(" <>%\r\n\"'\u202e漢😀"), min_size=1, max_size=255).filter(
    lambda each: len(each.encode()) <= LONGEST_ID
)


@given(CUSTOMERS)
@example("c" * 255)
@example("é" * 255)
@example("漢" * 170)
@example("😀" * 128)
@example("a b>\r\nBcc: eve@example.org")
def test_list_unsubscribe_is_a_url_whatever_the_customers_id_and_its_line_is_short_enough(customer_id: str) -> None:
    url = "https://" + "x" * (LONGEST_URL - 8)
    right = Right("guidance", customer_id)
    message = Rendered("n-1", "opened", "ada@example.org", "", "s", "t", unsubscribe=f"{url}/u/{token_for(right, SECRET)}", date=NOON)
    head, _, _ = compose(message, Sender("", "support@example.org")).partition(b"\r\n\r\n")
    [line] = [each for each in head.replace(b"\r\n ", b" ").split(b"\r\n") if each.startswith(b"List-Unsubscribe:")]
    found = re.fullmatch(rb"List-Unsubscribe: <https://x+/u/([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)>", line)
    assert found is not None
    assert right_of(found[1].decode(), SECRET) == right
    assert len(line) <= 998
    assert b"\nBcc" not in head  # a seal may hold these letters


def test_a_public_url_that_leaves_no_room_for_a_link_is_refused_at_start() -> None:
    assert NotifierSettings(environment="demo", public_url="https://" + "x" * (LONGEST_URL - 8)).public_url
    with pytest.raises(SettingsError, match="more than 200 characters"):
        NotifierSettings(environment="demo", public_url="https://" + "x" * (LONGEST_URL - 7))
