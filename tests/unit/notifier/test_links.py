"""A link of ours names its right and nothing else opens it."""

from hypothesis import given
from hypothesis import strategies as st

from services.notifier.links import Right, right_of, token_for

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
