"""Hostile requests as bytes: broken HTTP, any path and query, bodies that do not fit; with no token, a wrong one, or a right one.

The console is asked for its pages by a signed-in operator, too, and given forms; not for `/live`, whose answer never ends.
"""

import asyncio
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import quote, urlencode

from deploy.services import SERVICES
from tests.hostile.records import VALUES
from tests.hostile.texts import scalar, text

PORTS = {spec.name: spec.port for spec in SERVICES} | {f"{spec.name} pages": spec.public_port for spec in SERVICES if spec.public_port}
ROUTES = {
    "monitor": (
        *("POST /v1/events", "GET /v1/incidents", "GET /v1/incidents/{}", "GET /v1/incidents/{}/impact"),
        *("POST /v1/incidents/{}/resolve", "POST /v1/incidents/{}/dismiss", "POST /v1/streams/{}/release", "POST /v1/due/retry"),
    ),
    "notifier": (
        *("GET /v1/notifications", "GET /v1/notifications/{}", "GET /v1/customers/{}", "GET /v1/customers/{}/contacts"),
        *("PUT /v1/customers/{}/preferences", "POST /v1/customers/{}/contacts/clear-mark"),
    ),
    "notifier pages": ("GET /u/{}", "POST /u/{}", "GET /o/{}", "GET /c/{}", "GET /h/{}", "POST /h/{}", "POST /r/{}"),
    "ticketing": (
        *("POST /v1/tickets", "POST /v1/tickets", "GET /v1/tickets", "GET /v1/tickets/{}", "GET /v1/tickets/{}/messages", "GET /v1/queues"),
        *("POST /v1/tickets/{}/reply", "POST /v1/tickets/{}/assign", "POST /v1/tickets/{}/resolve", "POST /v1/tickets/{}/link"),
    ),
    "console": (
        *("GET /v1/people", "POST /v1/people", "PATCH /v1/people/{}", "DELETE /v1/people/{}", "POST /v1/people/{}/link"),
        *("GET /v1/measures", "GET /v1/incidents/{}/measures", "GET /enter/{}", "POST /enter/{}", "GET /sign-in", "POST /sign-in"),
        *(
            "GET /incidents",
            "GET /incidents/{}",
            "GET /incidents/{}/affected",
            "GET /incidents/{}/affected.csv",
            "GET /search",
            "GET /search",
        ),
        *("GET /queue", "GET /tickets/{}", "GET /customers/{}", "GET /why", "GET /audit", "GET /people", "GET /health/letters/{}"),
        *("POST /incidents/{}/dismiss", "POST /tickets/{}/reply", "POST /customers/{}/preferences", "POST /drafts", "GET /static/{}"),
    ),
}
EVERYWHERE = (
    *("GET /", "GET /livez", "GET /readyz", "GET /metrics", "GET /docs", "GET /openapi.json", "GET /v1/streams"),
    *("GET /{}", "GET //evil.example/{}", "GET http://evil.example/{}"),
)
QUERIES = (
    *("limit", "cursor", "status", "customer_id", "incident_id", "component", "assignee", "q"),
    *("customer", "incident", "notification", "since", "person", "next"),
)
FIELDS = (
    *("customer_id", "subject", "body", "channel", "priority", "component", "by", "assignee", "incident_id", "email", "reason", "note"),
    *("form_id", "name", "role", "password"),
)
HEADERS = (
    b"Content-Length: 5\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: gzip, chunked",
    b"Content-Length: -1",
    b"Content-Length: 99999999999999999999",
    b"Content-Encoding: gzip",
    b"Authorization: Bearer x\r\nAuthorization: Bearer y",
    b"Authorization: Bearer \xff\xfe",
    b"Authorization: Basic Og==",
    b"X: " + b"y" * 70_000,
    b"\r\n".join(b"X-%d: y" % number for number in range(500)),
    b"X : y",
    b"X: a\r\n b",
    b"X: a\0b",
    b"Idempotency-Key: " + b"k" * 300,
    b"Idempotency-Key: \xf0\x9f\x92\xa5",
    b"Host: evil.example",
    b"Expect: 100-continue",
    b"Upgrade: websocket\r\nConnection: Upgrade",
    b"Content-Type: multipart/form-data; boundary=",
    b"Content-Type: application/x-www-form-urlencoded",
    b"Content-Type: application/cloudevents-batch+json",
)
LINES = (
    b"GET / HTTP/9.9",
    b"GET /\0 HTTP/1.1",
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"PRI * HTTP/2.0",
    b"GET " + b"/a" * 40_000 + b" HTTP/1.1",
    b"\xff" * 50,
)
PATIENCE = 2.0  # seconds that a request which may lack something waits for its answer
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "get", "NONSENSE")


@dataclass(frozen=True)
class Request:
    """The bytes that are written to a service's port."""

    service: str
    raw: bytes


def request(dice: random.Random, tokens: Mapping[str, str], signed_in: Mapping[str, str] = MappingProxyType({})) -> Request:
    """Returns a request: broken bytes in one of ten, else HTTP with a hostile path, query, headers and body.

    `signed_in` are the headers of a browser in which somebody is signed in to the console.
    """
    service = dice.choice(sorted(PORTS))
    if dice.random() < 0.1:
        return Request(service, dice.choice(LINES) + b"\r\nHost: x\r\n\r\n")
    method, path = dice.choice(ROUTES[service] if dice.random() < 0.85 else EVERYWHERE).split(" ")
    method = dice.choice(METHODS) if dice.random() < 0.1 else method
    page = service == "console" and not path.startswith("/v1/")
    body = (_form if page else _body)(dice) if dice.random() < (0.05 if method == "GET" else 0.95) else b""
    head = [
        f"{method} {_target(dice, path)} HTTP/1.1".encode("ascii", "replace"),
        b"Host: localhost",
        b"Connection: close",
        b"Content-Type: application/x-www-form-urlencoded" if page else b"Content-Type: application/json",
    ]
    head += [f"{name}: {value}".encode() for name, value in _held(dice, signed_in if page else {}, tokens).items()]
    if dice.random() < 0.3:
        head.append(dice.choice(HEADERS))
    else:
        head.append(b"Content-Length: %d" % len(body))
    return Request(service, b"\r\n".join(head) + b"\r\n\r\n" + body)


def _held(dice: random.Random, signed_in: Mapping[str, str], tokens: Mapping[str, str]) -> Mapping[str, str]:
    """Returns the headers that say who asks: mostly somebody who may."""
    if signed_in and dice.random() < 0.8:
        return signed_in
    token = dice.choice((None, "wrong", *tokens.values(), *tokens.values()))
    return {"Authorization": f"Bearer {token}"} if token else {}


def _target(dice: random.Random, path: str) -> str:
    path = path.replace("{}", _quoted(dice))
    if dice.random() < 0.4:
        path += "?" + "&".join(f"{dice.choice(QUERIES)}={_quoted(dice)}" for _ in range(dice.choice((1, 2, 40))))
    return path[:60_000]


def _quoted(dice: random.Random) -> str:
    return quote(text(dice)[: dice.choice((5, 20, 2_000))].encode("utf-8", "surrogatepass"), safe=dice.choice(("", "/%?#")))


def _body(dice: random.Random) -> bytes:
    turn = dice.randrange(5)
    if turn == 0:
        return dice.choice(VALUES)(dice)
    if turn == 1:
        return json.dumps([1] * dice.choice((10, 100_000))).encode()
    if turn == 2:
        return b'{"subject":' * dice.choice((10, 3_000))
    fields = {name: dice.choice((text(dice), text(dice), scalar(dice))) for name in dice.sample(FIELDS, dice.randrange(1, len(FIELDS)))}
    return json.dumps(fields, ensure_ascii=dice.random() < 0.5).encode("utf-8", "surrogatepass")


def _form(dice: random.Random) -> bytes:
    """Returns what a page's form would send: some fields, or noise."""
    if dice.random() < 0.2:
        return _body(dice)
    return urlencode(
        [(name, text(dice).encode("utf-8", "surrogatepass")) for name in dice.choices(FIELDS, k=dice.choice((1, 5, 300)))]
    ).encode()


async def answered(sent: Request, within: float = 20) -> str:
    """Returns the status of the answer; `closed` without one, `unfinished` when the service waited for more and we left.

    Raises TimeoutError when it does not end then either.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", PORTS[sent.service])
    waited = False
    try:
        writer.write(sent.raw)
        try:
            line = await asyncio.wait_for(reader.readline(), PATIENCE)
        except TimeoutError:
            waited = True
            writer.write_eof()
        async with asyncio.timeout(within):
            line = await reader.readline() if waited else line
            while await reader.read(65_536):
                pass
    except (OSError, ValueError):
        return "closed"
    finally:
        writer.close()
    status = line.split(b" ")[1:2]
    if status and line.startswith(b"HTTP/"):
        return status[0].decode()
    return "unfinished" if waited else "closed"
