"""An endpoint's secrets are derived and rotate with an overlap; its URL is one that can be called; failures for good disable it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.notifier.channels.webhook.endpoint import (
    FAILING_FOR,
    FAILURES,
    LONGEST_URL,
    OVERLAP,
    Disabled,
    Endpoint,
    disabled_by,
    url_trouble,
)
from shared.webhooks.signing import key_of, secret_of
from tests.builders import NOON

MASTER = "a master secret that nobody knows"
ENDPOINT = Endpoint("e-1", "c-1", "https://example.com/hook")
MOMENT = timedelta(microseconds=1)


def test_a_secret_writes_the_key_that_signs() -> None:
    assert key_of(ENDPOINT.secret(MASTER)) == ENDPOINT.keys(MASTER, NOON)[0]
    assert secret_of(key_of(ENDPOINT.secret(MASTER))) == ENDPOINT.secret(MASTER)


def test_each_endpoint_generation_and_master_has_a_secret_of_its_own() -> None:
    others = (replace(ENDPOINT, id="e-2"), replace(ENDPOINT, generation=2))
    secrets = {ENDPOINT.secret(MASTER), ENDPOINT.secret("another master"), *(each.secret(MASTER) for each in others)}
    assert len(secrets) == 4


def test_the_old_secret_signs_beside_the_new_one_until_the_overlap_ends() -> None:
    [old] = ENDPOINT.keys(MASTER, NOON)
    rotated = replace(ENDPOINT, generation=2, rotated_at=NOON)
    new, beside = rotated.keys(MASTER, NOON + OVERLAP - MOMENT)
    assert beside == old
    assert rotated.keys(MASTER, NOON + OVERLAP) == [new]


@pytest.mark.parametrize(
    ("failures", "failing_for", "why"),
    [
        (FAILURES - 2, timedelta(days=3), None),
        (FAILURES - 1, timedelta(days=3), Disabled.FAILING),
        (FAILURES - 1, FAILING_FOR, Disabled.FAILING),
        (FAILURES - 1, FAILING_FOR - MOMENT, None),
        (100, timedelta(seconds=30), None),
    ],
)
def test_ten_failures_in_a_row_disable_it_unless_they_came_in_a_burst(failures: int, failing_for: timedelta, why: Disabled | None) -> None:
    failing = replace(ENDPOINT, failures=failures, failing_since=NOON - failing_for)
    assert disabled_by(failing, 500, NOON) is why
    assert disabled_by(failing, None, NOON) is why


def test_gone_disables_at_once() -> None:
    assert disabled_by(ENDPOINT, 410, NOON) is Disabled.GONE
    assert disabled_by(ENDPOINT, 404, NOON) is None


@pytest.mark.parametrize("url", ["https://example.com", "https://example.com:8443/a/b?c=d", "https://[2606:4700::1]/x"])
def test_an_endpoint_can_have_such_a_url(url: str) -> None:
    assert url_trouble(url, clear=False) is None


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.com/", "ftp://example.com/", "example.com", "https://", "https:///x", "//example.com", "https://example.com:99999/"),
        *("https://example.com:0/", "https://me@example.com/", "https://me:pw@example.com/", "https://@example.com/", "https://example.com/#x"),
        *("https://example.com/ x", "https://example.com/\\x", "https://exämple.com/", "https://example.com/\r\nHost: x", "https://[::1"),
        "https://example.com/" + "x" * (LONGEST_URL - 19),
    ],
)  # fmt: skip
def test_an_endpoint_cannot_have_such_a_url(url: str) -> None:
    assert url_trouble(url, clear=False)


def test_http_is_for_who_allows_it() -> None:
    assert url_trouble("http://example.com/", clear=True) is None
    assert url_trouble("https://example.com/" + "x" * (LONGEST_URL - 20), clear=False) is None
