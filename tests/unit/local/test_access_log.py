"""Lines of access logs are read as what they mean, or refused; an IP address never stands for a customer."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.mappings.access_log import IN_ACCESS_LOG, access_log_row
from deploy.local.replay import mapping_of
from shared.mapping.turning import Refused
from tests.unit.local.replaying import turn

WHEN = "[10/Oct/2025:13:55:36 -0700]"
ASKED = '"GET /checkout/pay HTTP/1.1" 503 23'


def row(line: str) -> dict[str, str]:
    read = access_log_row(line)
    assert read is not None, line
    assert read.keys() == IN_ACCESS_LOG
    return read


@pytest.mark.parametrize(
    ("who", "vhost", "host", "user"),
    [
        ("192.0.2.1 - ada", "", "192.0.2.1", "ada"),
        ("192.0.2.1 - -", "", "192.0.2.1", ""),
        ('192.0.2.1 - ""', "", "192.0.2.1", ""),
        ("192.0.2.1 - ", "", "192.0.2.1", ""),
        ("192.0.2.1 ident ada", "", "192.0.2.1", "ada"),
        ("client.example.net - Ada King Lovelace", "", "client.example.net", "Ada King Lovelace"),
        ("2001:db8::1 - ada", "", "2001:db8::1", "ada"),
        ("192.0.2.1:53211 - ada", "", "192.0.2.1:53211", "ada"),
        ("192.0.2.1:53211 - ada lovelace", "", "192.0.2.1:53211", "ada lovelace"),
        ("[2001:db8::1]:53211 - ada lovelace", "", "[2001:db8::1]:53211", "ada lovelace"),
        ("192.0.2.1 - ada [admin]", "", "192.0.2.1", "ada [admin]"),
        ("example.com:443 192.0.2.1 - ada", "example.com:443", "192.0.2.1", "ada"),
        ("example.com:443 192.0.2.1 - ada lovelace", "example.com:443", "192.0.2.1", "ada lovelace"),
        ("example.com:443 2001:db8::1 - -", "example.com:443", "2001:db8::1", ""),
        ("example.com:443 client.example.net - ada", "example.com:443", "client.example.net", "ada"),
        ("example.com:80 - - ada", "example.com:80", "", "ada"),
        ("203.0.113.9:443 192.0.2.1 - ada", "203.0.113.9:443", "192.0.2.1", "ada"),
        ("192.0.2.1, 10.0.0.2 - ada", "", "192.0.2.1, 10.0.0.2", "ada"),
        ("192.0.2.1,10.0.0.2 - ada", "", "192.0.2.1,10.0.0.2", "ada"),
        ("unknown, 2001:db8::1, 10.0.0.2 - -", "", "unknown, 2001:db8::1, 10.0.0.2", ""),
        ("example.com:443 192.0.2.1, 10.0.0.2 - ada lovelace", "example.com:443", "192.0.2.1, 10.0.0.2", "ada lovelace"),
    ],
)
def test_who_asked_is_read_whatever_stands_before_it(who: str, vhost: str, host: str, user: str) -> None:
    read = row(f"{who} {WHEN} {ASKED}")
    assert (read["vhost"], read["host"], read["user"]) == (vhost, host, user)


@pytest.mark.parametrize(
    "who",
    [
        "balancer 192.0.2.1 - ada",
        "a b - ada",
        "192.0.2.1 10.0.0.2 - ada",
        "192.0.2.1 [2001:db8::1]:80 - ada",
        "192.0.2.1,",
        "192.0.2.1",
        "",
        "- -",
    ],
)
def test_a_line_that_could_put_an_address_where_the_user_is_is_refused(who: str) -> None:
    assert access_log_row(f"{who} {WHEN} {ASKED}") is None


@pytest.mark.parametrize(
    ("request_line", "method", "path", "protocol"),
    [
        ("GET /checkout/pay?card=1 HTTP/1.1", "GET", "/checkout/pay?card=1", "HTTP/1.1"),
        ("GET /a b/c d HTTP/1.1", "GET", "/a b/c d", "HTTP/1.1"),
        ("POST / HTTP/2.0", "POST", "/", "HTTP/2.0"),
        ("GET /x HTTP/3", "GET", "/x", "HTTP/3"),
        ("GET http://example.com/checkout?x=http://y/z HTTP/1.1", "GET", "/checkout?x=http://y/z", "HTTP/1.1"),
        ("GET http://example.com HTTP/1.1", "GET", "/", "HTTP/1.1"),
        ("GET https://example.com?q=1 HTTP/1.1", "GET", "/?q=1", "HTTP/1.1"),
        ("OPTIONS * HTTP/1.1", "OPTIONS", "*", "HTTP/1.1"),
        ("CONNECT example.com:443 HTTP/1.1", "CONNECT", "example.com:443", "HTTP/1.1"),
        (r"GET /\"quoted\" HTTP/1.1", "GET", r"/\"quoted\"", "HTTP/1.1"),
        ("M-SEARCH /x HTTP/1.1", "M-SEARCH", "/x", "HTTP/1.1"),
        ("-", "", "", ""),
        ("", "", "", ""),
        (r"\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03", "", "", ""),
        (r"\x16\x03 /checkout HTTP/1.1", "", "", ""),
        ("GET /checkout", "", "", ""),
        ("GET HTTP/1.1", "", "", ""),
        ("SSH-2.0-Go", "", "", ""),
        ("/checkout /pay SIP/2.0", "", "", ""),
    ],
)
def test_a_request_line_is_method_target_and_protocol_or_none(request_line: str, method: str, path: str, protocol: str) -> None:
    read = row(f'192.0.2.1 - - {WHEN} "{request_line}" 400 0')
    assert (read["method"], read["path"], read["protocol"]) == (method, path, protocol)


@pytest.mark.parametrize(
    ("request_line", "component"),
    [
        ("GET /checkout/pay HTTP/1.1", "checkout"),
        ("GET http://example.com/checkout HTTP/1.1", "checkout"),
        ("GET /my basket/x HTTP/1.1", "other"),
        ("GET / HTTP/1.1", "home"),
        ("GET /?q=1 HTTP/1.1", "home"),
        ("-", None),
        (r"\x16\x03\x01", None),
        ("OPTIONS * HTTP/1.1", None),
        ("CONNECT example.com:443 HTTP/1.1", None),
    ],
)
def test_what_is_no_request_has_no_component(request_line: str, component: str | None) -> None:
    [event] = turn(mapping_of("access-log"), row(f'192.0.2.1 - ada {WHEN} "{request_line}" 400 0'))
    assert not isinstance(event, Refused)
    assert event["data"].get("component") == component


@pytest.mark.parametrize(
    ("after", "referer", "agent", "rest"),
    [
        ("", "", "", ""),
        (' "http://x/" "Mozilla \\"x\\""', "http://x/", 'Mozilla \\"x\\"', ""),
        (' "-" "-" "192.0.2.7" 0.12', "", "", '"192.0.2.7" 0.12'),
        (' 0.12 "odd"', "", "", '0.12 "odd"'),
        (' "http://x/"', "", "", '"http://x/"'),
        (' "a" "b"c', "", "", '"a" "b"c'),
    ],
)
def test_what_stands_behind_is_that_of_the_combined_format_or_the_rest(after: str, referer: str, agent: str, rest: str) -> None:
    read = row(f"192.0.2.1 - - {WHEN} {ASKED}{after}")
    assert (read["referer"], read["agent"], read["rest"]) == (referer, agent, rest)


@pytest.mark.parametrize(
    "line", ["", "-", "hello", f"{WHEN} {ASKED}", f"192.0.2.1 - - {WHEN}", f'192.0.2.1 - - {WHEN} "GET / HTTP/1.1" 20 x']
)
def test_another_line_is_refused(line: str) -> None:
    assert access_log_row(line) is None


HALF_A_MILLION = 500_000
LONG = [
    "[" * HALF_A_MILLION,
    " [" * HALF_A_MILLION,
    '] "' * HALF_A_MILLION,
    "a, " * HALF_A_MILLION + f"- - {WHEN} {ASKED}",
    "1:" * HALF_A_MILLION + f"1 - - {WHEN} {ASKED}",
    "a " * HALF_A_MILLION + f"{WHEN} {ASKED}",
    f'192.0.2.1 - - {WHEN} "' + "\\" * HALF_A_MILLION,
    f'192.0.2.1 - - {WHEN} "' + "GET " * HALF_A_MILLION + '" 200 1',
    f'192.0.2.1 - - {WHEN} "GET ' + "a://" * HALF_A_MILLION + ' HTTP/1.1" 200 1',
    f'192.0.2.1 - - {WHEN} "-" 200 ' + "1" * HALF_A_MILLION + "x",
    f"192.0.2.1 - - {WHEN} {ASKED} " + '"' * HALF_A_MILLION,
]


def test_no_line_takes_more_than_linear_time() -> None:
    """Quadratic time would be minutes; a loaded machine gets some seconds for all of them."""
    started = time.process_time()
    for line in LONG:
        access_log_row(line)
    assert time.process_time() - started < 5


@given(st.text(alphabet=' []"\\-,:.aG/1', max_size=60))
def test_whatever_comes_is_read_or_refused(text: str) -> None:
    for line in (text, f"{text} {WHEN} {ASKED}", f'192.0.2.1 - - {WHEN} "{text}" 200 1', f"192.0.2.1 - - {WHEN} {ASKED}{text}"):
        read = access_log_row(line)
        assert read is None or not read["user"].startswith("- ")
