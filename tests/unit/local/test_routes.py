"""Paths become names of parts: by their route, or a plain word; an id or a random path never does."""

import random
import string
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.replay import mapping_of
from shared.mapping.routes import OTHER, WORDS, Routes
from tests.unit.local.replaying import turn
from tests.unit.local.test_access_log import WHEN, row

ROUTES = {"/": "home", "/api": "api", "/api/orders": "orders", "/users/*/cart": "cart", "/users/me/cart": "my-cart"}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "home"),
        ("//", "home"),
        ("/?q=/api", "home"),
        ("/api", "api"),
        ("/api/", "api"),
        ("/api?x=1", "api"),
        ("/api#x", "api"),
        ("/api;jsessionid=7/orders", "orders"),
        ("/api/orders/12345/items", "orders"),
        ("/api/orderssss", "api"),
        ("/apis", "apis"),
        ("/users/42/cart/items", "cart"),
        ("/users/me/cart", "my-cart"),
        ("/users/42", "users"),
        ("/check-out/pay", "check-out"),
        ("*", None),
        ("", None),
        ("example.com:443", None),
    ],
)
def test_a_path_is_named_by_the_longest_route_that_fits_or_its_first_part(path: str, name: str | None) -> None:
    assert Routes(ROUTES).name(path) == name


@pytest.mark.parametrize(
    "first",
    [
        "12345",
        "order-17",
        str(uuid.UUID(int=7)),
        "d41d8cd98f00b204e9800998ecf8427e",
        "wp-login.php",
        ".env",
        "Sign",
        "%63heckout",
        "a" * 25,
        "-",
        "a--b",
        "your account is suspended",
        "äh",
        "\udcff",
    ],
)
def test_what_is_no_plain_word_is_other(first: str) -> None:
    assert Routes({}).name(f"/{first}/x") == OTHER


@given(st.lists(st.text(max_size=30), max_size=200))
def test_whatever_the_paths_the_names_are_few(paths: list[str]) -> None:
    routes = Routes(ROUTES)
    assert len({routes.name(f"/{path}") for path in paths}) <= WORDS + len(ROUTES) + 1


def test_150_000_random_paths_of_an_access_log_become_no_more_components_than_there_are_words() -> None:
    dice, routes = random.Random(7), Routes({"/": "home"})
    letters = string.ascii_lowercase + string.digits
    paths = ("/" + "".join(dice.choices(letters, k=dice.randint(1, 12))) for _ in range(150_000))
    assert len({routes.name(path) for path in paths}) <= WORDS + 1


def test_the_shipped_mapping_names_parts_and_no_ids() -> None:
    lines = [
        f'192.0.2.1 - ada {WHEN} "GET {path} HTTP/1.1" 200 5' for path in ("/", "/checkout/77", "/77", "/x9/y", f"/{uuid.UUID(int=1)}")
    ]
    turned = [turn(mapping_of("access-log"), row(line))[0] for line in lines]
    assert [event["data"]["component"] for event in turned if isinstance(event, dict)] == ["home", "checkout", "other", "other", "other"]
