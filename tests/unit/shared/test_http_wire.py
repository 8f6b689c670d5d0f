"""HTTP follows the standards: each request, byte by byte, has its answer, and the connection goes on or ends."""

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

import msgspec
import pytest

from tests.unit.shared.served import AUTHORIZED, Served, get, request, served

pytestmark = pytest.mark.asyncio

ECHO = b"POST /v1/echo HTTP/1.1\r\nHost: localhost\r\n" + AUTHORIZED
PATH = b"GET /v1/path HTTP/1.1\r\nHost: localhost\r\n" + AUTHORIZED
CHUNKED = b"Transfer-Encoding: chunked\r\n"


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Served]:
    async with served() as running:
        yield running


@dataclass(frozen=True)
class Case:
    """One request, and what comes of it: the status, and whether the connection ends."""

    sent: bytes
    status: int
    ends: bool = True


CASES = {
    # RFC 9112, section 6: where the body ends
    "Content-Length and Transfer-Encoding": Case(ECHO + b"Content-Length: 5\r\n" + CHUNKED + b"\r\n0\r\n\r\n", 400),
    "Transfer-Encoding and Content-Length": Case(ECHO + CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n", 400),
    "a coding hidden by a fold, and a length": Case(ECHO + b"Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
    "Transfer-Encoding in HTTP/1.0": Case(ECHO.replace(b"HTTP/1.1", b"HTTP/1.0") + CHUNKED + b"\r\n0\r\n\r\n", 400),
    "two Content-Lengths that differ": Case(ECHO + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
    "a list of Content-Lengths that differ": Case(ECHO + b"Content-Length: 3, 4\r\n\r\nabcd", 400),
    "two Content-Lengths that agree": Case(ECHO + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 200, ends=False),
    "a Content-Length with a sign": Case(ECHO + b"Content-Length: +3\r\n\r\nabc", 400),
    "a Content-Length in hexadecimal": Case(ECHO + b"Content-Length: 0x3\r\n\r\nabc", 400),
    "a Content-Length of 30 digits": Case(ECHO + b"Content-Length: " + b"9" * 30 + b"\r\n\r\nabc", 400),
    "a coding that nobody knows": Case(ECHO + b"Transfer-Encoding: gzip\r\n\r\n", 501),
    "chunked twice": Case(ECHO + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 501),
    "chunked, disguised": Case(ECHO + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
    "chunks": Case(ECHO + CHUNKED + b"\r\n3;x=y\r\nabc\r\n0\r\nTrailer: t\r\n\r\n", 200, ends=False),
    "a chunk of no length": Case(ECHO + CHUNKED + b"\r\nxyz\r\nabc\r\n", 400),
    "a chunk longer than it says": Case(ECHO + CHUNKED + b"\r\n3\r\nabcd\r\n0\r\n\r\n", 400),
    "a chunk of a negative length": Case(ECHO + CHUNKED + b"\r\n-3\r\nabc\r\n0\r\n\r\n", 400),
    "a chunk's line without an end": Case(ECHO + CHUNKED + b"\r\n3;" + b"x" * 20_000, 431),
    "a body in chunks of one byte": Case(ECHO + CHUNKED + b"\r\n" + b"1\r\nx\r\n" * 50_000 + b"0\r\n\r\n", 400),
    # RFC 9110, section 5.3: headers that come once
    "two Authorizations": Case(PATH + AUTHORIZED + b"\r\n", 400),
    "two Authorizations, one of them good": Case(PATH + b"authorization: Bearer nonsense\r\n\r\n", 400),
    "two Content-Types": Case(ECHO + b"Content-Type: a/b\r\nContent-Type: c/d\r\n\r\n", 400),
    "two Idempotency-Keys": Case(ECHO + b"Idempotency-Key: a\r\nIdempotency-Key: b\r\n\r\n", 400),
    "acting for two persons": Case(ECHO + b"Forewarn-Acting-For: a\r\nforewarn-acting-for: b\r\n\r\n", 400),
    "two Hosts": Case(PATH + b"Host: localhost\r\n\r\n", 400),
    "two Accepts": Case(PATH + b"Accept: a/b\r\nAccept: c/d\r\n\r\n", 200, ends=False),
    # RFC 9112, section 3.2: Host and target
    "no Host": Case(b"GET /v1/path HTTP/1.1\r\n" + AUTHORIZED + b"\r\n", 400),
    "no Host in HTTP/1.0": Case(b"GET /v1/path HTTP/1.0\r\n" + AUTHORIZED + b"\r\n", 200),
    **{
        f"Host {host!r}": Case(b"GET /livez HTTP/1.1\r\nHost: " + host + b"\r\n\r\n", 400)
        for host in (b"a b", b"a/b", b"<a>", b"a:b", b"a@b")
    },
    **{
        f"Host {host!r}": Case(b"GET /livez HTTP/1.1\r\nHost: " + host + b"\r\n\r\n", 200, ends=False)
        for host in (b"", b"[::1]:80", b"a_b.c:")
    },
    "absolute-form": Case(b"GET http://elsewhere/v1/path?a=b HTTP/1.1\r\nHost: localhost\r\n" + AUTHORIZED + b"\r\n", 200, ends=False),
    "absolute-form, nobody": Case(b"GET http://a/livez/../v1/path HTTP/1.1\r\nHost: localhost\r\n\r\n", 401, ends=False),
    "absolute-form of another scheme": Case(b"GET ftp://a/livez HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "no path": Case(b"GET livez HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "authority-form": Case(b"CONNECT elsewhere:443 HTTP/1.1\r\nHost: elsewhere\r\n" + AUTHORIZED + b"\r\n", 400),
    "asterisk-form": Case(b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n" + AUTHORIZED + b"\r\n", 404, ends=False),
    "asterisk-form of GET": Case(b"GET * HTTP/1.1\r\nHost: localhost\r\n" + AUTHORIZED + b"\r\n", 400),
    # RFC 9112, sections 2 and 5: lines
    "a folded header": Case(PATH + b"Accept: a/b,\r\n c/d\r\n\r\n", 200, ends=False),
    "a fold before any header": Case(b"GET /livez HTTP/1.1\r\n Host: localhost\r\n\r\n", 400),
    "a space before the colon": Case(PATH + b"Accept : a/b\r\n\r\n", 400),
    "a header without a name": Case(PATH + b": a\r\n\r\n", 400),
    "a header without a colon": Case(PATH + b"Accept\r\n\r\n", 400),
    "NUL in a header": Case(PATH + b"X: a\0b\r\n\r\n", 400),
    "a bare CR in a header": Case(PATH + b"X: a\rb\r\n\r\n", 400),
    "NUL in the target": Case(b"GET /livez\0 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "non-ASCII in a header": Case(PATH + b"X: \xff\xc3\xa9\r\n\r\n", 200, ends=False),
    "non-ASCII in the token": Case(b"GET /v1/path HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \xff\xe9\r\n\r\n", 401, ends=False),
    "non-ASCII in the target": Case(b"GET /livez\xff HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "non-ASCII in the method": Case(b"G\xcbT /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "no HTTP": Case(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "HTTP/0.9": Case(b"GET /livez\r\n\r\n", 400),
    "HTTP/2": Case(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "HTTP/1.2": Case(b"GET /livez HTTP/1.2\r\nHost: localhost\r\n\r\n", 200, ends=False),
    "a header of 20,000 bytes": Case(PATH + b"X: " + b"x" * 20_000 + b"\r\n\r\n", 431),
    "a header of 20,000 bytes without an end": Case(PATH + b"X: " + b"x" * 20_000, 431),
    "101 headers": Case(PATH + b"X: x\r\n" * 99 + b"\r\n", 431),
    "100 headers": Case(PATH + b"X: x\r\n" * 98 + b"\r\n", 200, ends=False),
    "a target of 9,000 bytes": Case(b"GET /livez?" + b"x" * 9_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
    # methods, and what is asked beside
    "HEAD": Case(b"HEAD /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", 200, ends=False),
    "HEAD that is refused": Case(b"HEAD /livez HTTP/1.1\r\nHost: localhost\r\n" + AUTHORIZED * 2 + b"\r\n", 400),
    "HEAD of a target of 9,000 bytes": Case(b"HEAD /livez?" + b"x" * 9_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
    "HEAD with a body that goes on": Case(b"HEAD /v1/path HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n", 401),
    "OPTIONS": Case(request("OPTIONS", "/v1/path"), 405, ends=False),
    "a method that nobody knows": Case(request("BREW", "/v1/path"), 405, ends=False),
    "a method of another path": Case(request("DELETE", "/livez", authorized=False), 405, ends=False),
    "another protocol": Case(get("/livez", "Connection: upgrade", "Upgrade: websocket", authorized=False), 200, ends=False),
    "a connection that shall end": Case(get("/livez", "Connection: close", authorized=False), 200),
    "an expectation that nobody knows": Case(get("/livez", "Expect: miracles", authorized=False), 200, ends=False),
    # what is public, and what is not
    **{
        f"{path} without a token": Case(get(path, authorized=False), 401, ends=False)
        for path in (
            *("/livez/", "/livezz", "/livez/x", "/readyz.txt", "/metricsfoo", "/metrics/", "/LIVEZ", "//livez", "/%00livez", "/livez%0a"),
            *("/u", "/u/", "/u//", "/u/a/b", "/u/a%2fb", "/u/../v1/path", "/users", "/v1/path", "/nothing"),
            *("/docs/", "/docsx", "/docs/swagger-ui.js", "/docs/%2e%2e/v1/path", "/openapi.jsonx", "/redoc"),
        )
    },
    "a path that is not there": Case(get("/v1/nothing"), 404, ends=False),
    "a path with a slash too many, elsewhere": Case(
        b"GET /v1/path/ HTTP/1.1\r\nHost: evil.example\r\n" + AUTHORIZED + b"\r\n", 404, ends=False
    ),
    "a customer's page, which is on another port": Case(b"POST /u/abc HTTP/1.1\r\nHost: evil.example\r\n\r\n", 401, ends=False),
    "the description of the API": Case(get("/openapi.json", authorized=False), 200, ends=False),
}


@pytest.mark.parametrize("name", CASES)
async def test_what_is_sent_is_answered_by_the_standards(server: Served, name: str) -> None:
    case = CASES[name]
    client = await server.connect()
    await client.send(case.sent)
    answer = await client.answer(case.sent.split()[0].decode("latin-1"))
    assert answer.status == case.status, answer
    if case.status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert len(answer.body) < 1_000
    assert "location" not in answer.headers
    if case.ends:
        assert answer.headers.get("connection") == "close"
        assert await client.closed()
    else:
        await client.send(get("/livez", authorized=False))
        assert (await client.answer()).status == 200


async def test_requests_in_a_row_are_answered_in_their_order(server: Served) -> None:
    client = await server.connect()
    await client.send(b"".join(request("POST", "/v1/echo", body=b"x" * size) for size in (1, 2, 3)) + get("/livez"))
    assert [msgspec.json.decode((await client.answer()).body)["bytes"] for _ in range(3)] == [1, 2, 3]
    assert (await client.answer()).status == 200


async def test_what_is_no_request_after_a_head_is_refused_with_a_body(server: Served) -> None:
    client = await server.connect()
    await client.send(b"HEAD /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (await client.answer("HEAD")).status == 200
    await client.send(b"nonsense\r\n\r\n")
    answer = await client.answer()
    assert (answer.status, msgspec.json.decode(answer.body)["status"]) == (400, 400)
    assert await client.closed()


async def test_nothing_that_is_sent_surprises_the_server(server: Served, caplog: pytest.LogCaptureFixture) -> None:
    for name, case in CASES.items():
        client = await server.connect()
        await client.send(case.sent)
        await client.answer(case.sent.split()[0].decode("latin-1"))
        assert [record for record in caplog.records if record.levelno >= logging.ERROR] == [], name


async def test_what_follows_a_refused_body_is_no_request(server: Served) -> None:
    smuggled = get("/v1/path")
    for before in (
        b"POST /v1/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n",  # nobody's body is not read
        ECHO + b"Content-Length: 5\r\n" + CHUNKED + b"\r\n0\r\n\r\n",
    ):
        client = await server.connect()
        await client.send(before + smuggled)
        answer = await client.answer()
        assert (answer.status in (400, 401), answer.headers["connection"]) == (True, "close")
        assert await client.closed()


async def test_a_body_is_asked_for_only_when_it_will_be_read(server: Served) -> None:
    expecting = "Expect: 100-continue"
    client = await server.connect()
    await client.send(request("POST", "/v1/echo", expecting, "Content-Length: 3"))
    assert (await client.answer()).status == 100
    await client.send(b"abc")
    assert msgspec.json.decode((await client.answer()).body)["bytes"] == 3
    for refused, status in (
        (request("POST", "/v1/echo", expecting, "Content-Length: 3", authorized=False), 401),
        (request("POST", "/v1/echo", expecting, "Content-Length: 2000000"), 413),
    ):
        client = await server.connect()
        await client.send(refused)
        answer = await client.answer()
        assert (answer.status, answer.headers["connection"]) == (status, "close")
        assert await client.closed()


async def test_a_client_that_still_sends_can_read_why_it_is_refused_and_is_not_read_for_ever(server: Served) -> None:
    client = await server.connect()
    await client.send(request("POST", "/v1/echo", "Content-Length: 90000000", authorized=False) + b"x" * 3_000_000)
    assert (await client.answer()).status == 401
    assert await client.closed()
    with pytest.raises(ConnectionError):
        await client.send(b"x" * 50_000_000)


async def test_an_error_of_ours_is_a_problem_that_tells_nothing(server: Served) -> None:
    answer = await server.ask(get("/v1/broken"))
    assert (answer.status, answer.headers["content-type"]) == (500, "application/problem+json")
    assert b"hunter2" not in answer.body
