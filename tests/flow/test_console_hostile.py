"""Whatever stands in a path, a query or a form, a page of the console answers with a page or a problem: never with an error of ours."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import httpx2
import pytest

from services.console.sessions.roles import Role
from shared.settings import Settings
from tests.flow.console_routes import ASKS, routes, site
from tests.flow.console_screen import Screen
from tests.flow.test_hostile_requests import ENDS, FORGED, HOSTILE, LONG, cursor

MORE_CURSORS = tuple(
    cursor(position)
    for position in (
        *("1 2026-11-24T12:00:00+00:00 x", "3 2026-11-24T12:00:00+00:00 1", "1 2026-11-24T12:00:00 1", "2 9999-12-31T23:59:59-12:00 1"),
        *("1 0001-01-01T00:00:00+14:00 1", "1 2026-11-24T12:00:00+00:00 " + "9" * 400, "1 2026-11-24T12:00:00+00:00 -1", "1  ", " "),
    )
)
# As they are typed into a field of a form.
TYPED = (
    *("", "\0", "a\0b", "\udcff", "\ud800", "\u202e\u2028\x1b[31m", "\r\nX-Evil: 1", "😀" * 300, LONG, "x" * 150_000),
    *("-1", "9" * 5000, "1e400", "NaN", "٣", "../../etc/passwd", "'; DROP TABLE x;--", "<script>alert(1)</script>", "%s%n{0}{{7*7}}"),
)
# As whole bodies, with their types.
URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"
WHOLE = (
    *(
        (URLENCODED, body)
        for body in (b"", b"\0", b"\xff\xfe", b"=&=&;;", b"a=" + b"%" * 1000, b"&".join(b"a%d=1" % n for n in range(20_000)))
    ),
    (URLENCODED, b"form_id=" + b"x" * 2_000_000),
    (URLENCODED, urlencode({"form_id": "form-0001", "note": "x"}).encode("utf-16")),
    (URLENCODED + "; charset=utf-16", b"form_id=form-0001"),
    *((MULTIPART, body) for body in (b"", b"--b", b"--b--\r\n", b"--b\r\n\r\n--b--\r\n", b"x" * 10_000)),
    (MULTIPART, b'--b\r\nContent-Disposition: form-data; name="form_id"; filename="x"\r\n\r\nx\r\n--b--\r\n'),
    (MULTIPART, b'--b\r\nContent-Disposition: form-data; name="\xff\0"\r\n\r\n\xff\r\n--b--\r\n'),
    ("multipart/form-data", b"x"),
    *(("application/json", body) for body in (b"{}", b"[" * 100_000, b"\xff", b'{"form_id": "form-0001"}')),
    ("text/plain; charset=nonsense", b"form_id=form-0001"),
)
AWAY = re.compile(r"/health/letters/|/live\b|/erase$")  # Kafka is away, and the hub takes no stream: these say so with 503


class Request(NamedTuple):
    """One request with something hostile in it."""

    method: str
    url: str
    content: bytes | None = None
    type: str = URLENCODED


def queries(on: Screen, route: str) -> list[str]:
    """Returns the names that the route takes in its query."""
    method, path = route.split(" ")
    described: dict[str, Any] = on.app.openapi()["paths"]
    parameters = described.get(path, {}).get(method.lower(), {}).get("parameters", [])
    return [each["name"] for each in parameters if each["in"] == "query"]


def form_of(route: str, **but: str) -> bytes | None:
    """Returns a good form of the route, with some fields changed."""
    form = ASKS[route].form
    return None if form is None else typed({**form, "form_id": "form-0001", **but})


def typed(form: dict[str, Any]) -> bytes:
    return urlencode({name: str(value).encode("utf-8", "surrogatepass") for name, value in form.items()}).encode()


def in_paths(route: str) -> Iterator[Request]:
    method, path = route.split(" ")
    parts = re.findall(r"\{[\w:]+\}", path)
    pattern = re.sub(r"\\\{[\w:]+\\\}", "(.+)", re.escape(path))
    found = re.fullmatch(pattern, ASKS[route].url.partition("?")[0])
    assert found, route
    good = dict(zip(parts, found.groups(), strict=True))
    for part in parts:
        for value in filter(None, HOSTILE):
            url = path
            for name, usual in good.items():
                url = url.replace(name, value if name == part else usual)
            yield Request(method, url, form_of(route))
    yield from (Request(method, ASKS[route].url + end, form_of(route)) for end in ENDS)


def in_queries(route: str, names: list[str]) -> Iterator[Request]:
    method, url = route.split(" ", maxsplit=1)[0], ASKS[route].url.partition("?")[0]
    for name in names:
        values = (*HOSTILE, *FORGED, *MORE_CURSORS) if name in ("cursor", "before") else HOSTILE
        yield from (Request(method, f"{url}?{name}={value}", form_of(route)) for value in values)
        yield Request(method, f"{url}?" + "&".join(f"{name}=x" for _ in range(300)), form_of(route))


def in_forms(route: str) -> Iterator[Request]:
    form = ASKS[route].form
    if form is None:
        return
    for name in (*form, "form_id", "next", "then", "seen"):
        for number, value in enumerate(TYPED):
            other = {} if name == "form_id" else {"form_id": f"form-{name}-{number:04}"}
            yield Request("POST", ASKS[route].url, form_of(route, **{**other, name: value}))
    yield from (Request("POST", ASKS[route].url, content, type_) for type_, content in WHOLE)


async def no_error_of_ours(browser: httpx2.AsyncClient, ask: Request) -> None:
    headers = {"accept": "text/html"} if ask.content is None else {"accept": "text/html", "content-type": ask.type}
    answer = await browser.request(ask.method, ask.url, content=ask.content, headers=headers)
    what = f"{ask.method} {ask.url[:200]} {(ask.content or b'')[:200]!r} {ask.type}: {answer.status_code} {answer.text[:300]}"
    assert answer.status_code < 500 or (answer.status_code == 503 and AWAY.search(ask.url)), what
    assert "<script>alert" not in answer.text, what
    assert "x-evil" not in answer.headers, what


@pytest.fixture
async def on(fresh_database: Settings) -> AsyncIterator[Screen]:
    async with site(fresh_database) as it:
        yield it


@pytest.mark.parametrize("part", range(4))
async def test_no_value_in_any_place_of_any_page_is_an_error_of_ours(on: Screen, part: int) -> None:
    there = routes(on)[part::4]
    asked = 0
    async with on.seen_by(Role.OPERATOR) as browser:
        for route in there:
            for ask in (*in_paths(route), *in_queries(route, queries(on, route)), *in_forms(route)):
                await no_error_of_ours(browser, ask)
                asked += 1
    assert asked > 300


async def test_nobody_gets_further_by_hostile_values(on: Screen) -> None:
    async with on.seen_by(None) as nobody:
        for route in routes(on):
            method, path = route.split(" ")
            for value in ("%00", "%ED%A0%80", quote("../x", safe=""), LONG):
                answer = await nobody.request(method, re.sub(r"\{[\w:]+\}", value, path) + f"?cursor={value}", data={"form_id": "\0"})
                assert answer.status_code < 500, (route, value)
