"""Roles, addresses, foreign forms, and the wait after wrong passwords: what decides who comes in, without anything around it."""

from datetime import UTC, datetime, timedelta

import pytest

from services.console.sessions import places, throttling
from services.console.sessions.crossing import crossing
from services.console.sessions.recognizing import highest
from services.console.sessions.roles import Role
from services.console.settings import ConsoleSettings
from shared.settings import SettingsError

OWN = "https://console.example.com"


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("needed", Role)
def test_a_role_may_what_those_before_it_may(role: Role, needed: Role) -> None:
    assert role.may(needed) == (list(Role).index(role) >= list(Role).index(needed))


def test_of_several_roles_the_one_that_includes_the_others_counts() -> None:
    assert highest(["viewer", "operator", "agent"]) == Role.OPERATOR
    assert highest([]) is None


@pytest.mark.parametrize("page", ["/", "/incidents/i-1?a=b&c=%2F%2F", "/tickets/7", "/%2Fevil.example", "/search?q=//x"])
def test_a_path_of_ours_may_be_next(page: str) -> None:
    assert places.next_of(page) == page


@pytest.mark.parametrize(
    "page",
    [
        *(None, "", "evil", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "https:/x"),
        *("javascript:alert(1)", "/\t/evil.example", "/\n/evil.example", "\t//evil.example", " //evil.example", "/x\0", "/" + "x" * 2000),
        *("/sign-in", "/sign-in?next=/", "/sign-out", "/enter/x", "/live?keys=a"),
    ],
)
def test_anything_else_leads_home(page: str | None) -> None:
    assert places.next_of(page) == "/"


@pytest.mark.parametrize(
    ("method", "headers", "let_in"),
    [
        ("GET", {"sec-fetch-site": "cross-site"}, True),
        ("HEAD", {}, True),
        ("POST", {"sec-fetch-site": "same-origin"}, True),
        ("POST", {"sec-fetch-site": "same-origin", "origin": "https://evil.example"}, True),
        ("POST", {"sec-fetch-site": "same-site"}, False),
        ("POST", {"sec-fetch-site": "cross-site"}, False),
        ("POST", {"sec-fetch-site": "cross-site", "origin": OWN}, False),
        ("POST", {"sec-fetch-site": "none"}, False),
        ("POST", {"sec-fetch-site": ""}, False),
        ("POST", {"origin": OWN}, True),
        ("POST", {"origin": "https://console.example.com.evil.example"}, False),
        ("POST", {"origin": "http://console.example.com"}, False),
        ("POST", {"origin": "null"}, False),
        ("DELETE", {}, False),
        ("POST", {}, False),
    ],
)
def test_a_form_comes_from_a_page_of_ours_or_is_refused(method: str, headers: dict[str, str], let_in: bool) -> None:
    assert (crossing(method, headers, OWN) is None) == let_in


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://x.example/forewarn", "https://x.example"),
        ("https://x.example:443", "https://x.example"),
        ("http://localhost:8004", "http://localhost:8004"),
        ("http://[::1]:8004", "http://[::1]:8004"),
    ],
)
def test_an_origin_is_said_as_browsers_say_it(url: str, origin: str) -> None:
    assert places.origin_of(url) == origin


@pytest.mark.parametrize("url", ["https://x.example", "http://localhost:8004", "http://127.0.0.1:1", "http://[::1]:8004/x"])
def test_at_a_secure_address_people_can_sign_in(url: str) -> None:
    assert places.cannot_sign_in(url) is None


@pytest.mark.parametrize("url", ["http://x.example", "http://192.168.1.7:8004", "http://localhost.example.com"])
def test_over_plain_http_elsewhere_it_says_why_nobody_can(url: str) -> None:
    assert "plain http" in (places.cannot_sign_in(url) or "")


def test_a_proxy_that_is_not_named_is_warned_of() -> None:
    assert "FOREWARN_TRUSTED_PROXIES" in (places.cannot_tell_apart(OWN, " ") or "")
    assert places.cannot_tell_apart(OWN, "127.0.0.1") is None
    assert places.cannot_tell_apart("http://localhost:8004", "") is None


def test_the_wait_doubles_after_the_failures_that_cost_nothing_up_to_five_minutes() -> None:
    waits = [throttling.pause(failures, 5).total_seconds() for failures in (0, 4, 5, 6, 7, 13, 14, 10_000)]
    assert waits == [0, 0, 1, 2, 4, 256, 300, 300]


def test_an_hour_without_a_failure_forgets_those_before() -> None:
    then = datetime(2026, 11, 26, 9, tzinfo=UTC)
    assert throttling.counted(7, then, then + timedelta(hours=1)) == 8
    assert throttling.counted(7, then, then + timedelta(hours=1, microseconds=1)) == 1


@pytest.mark.parametrize(
    ("peer", "forwarded", "source"),
    [
        ("192.0.2.1", "198.51.100.9", "192.0.2.1"),  # no proxy of ours: what it says is not believed
        ("10.0.0.1", "198.51.100.9", "198.51.100.9"),
        ("10.0.0.1", "203.0.113.5, 198.51.100.9, 10.0.0.2", "198.51.100.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("::ffff:10.0.0.1", "198.51.100.9", "198.51.100.9"),
        ("", "198.51.100.9", ""),
        ("10.0.0.1", "198.51.100.9:51000", "198.51.100.9"),  # every connection has another port
        ("10.0.0.1", "203.0.113.5, unknown", "10.0.0.1"),  # what stands before it is not known to be true
        ("10.0.0.1", "[2001:db8:1:2:3::4]:51000", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "", "2001:db8:1:2::/64"),
    ],
)
def test_a_request_comes_from_the_nearest_address_that_is_no_proxy_of_ours(peer: str, forwarded: str, source: str) -> None:
    assert places.source_of(peer, forwarded, places.networks("10.0.0.0/8")) == source


@pytest.mark.parametrize(
    ("given", "variable"),
    [
        ({"oidc_issuer": "http://idp.example.com", "oidc_client_id": "c", "oidc_roles": "a=agent"}, "FOREWARN_OIDC_ISSUER"),
        ({"oidc_issuer": "https://idp.example.com", "oidc_roles": "a=agent"}, "FOREWARN_OIDC_CLIENT_ID"),
        ({"oidc_issuer": "https://idp.example.com", "oidc_client_id": "c"}, "FOREWARN_OIDC_ROLES"),
        ({"oidc_roles": "a=king"}, "FOREWARN_OIDC_ROLES"),
        ({"oidc_roles": "agent"}, "FOREWARN_OIDC_ROLES"),
        ({"trusted_header": "X-Forwarded-User"}, "FOREWARN_TRUSTED_PROXIES"),
        ({"trusted_proxies": "ten.zero"}, "FOREWARN_TRUSTED_PROXIES"),
        ({"trusted_header": "X", "trusted_proxies": "10.0.0.1", "trusted_groups_header": "Y"}, "FOREWARN_OIDC_ROLES"),
    ],
)
def test_ways_in_that_cannot_be_are_refused_at_start(given: dict[str, str], variable: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        ConsoleSettings(environment="demo", **given)  # type: ignore[arg-type]
