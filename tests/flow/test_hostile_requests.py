"""Whatever stands in a path, a query, a header or a body, the answer is a 4xx problem or a good one: never a 5xx, never without bound.

Every route of the services as they are described is asked with every hostile value in every place it has; a new route is asked at once.
"""

import base64
from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from typing import Any, NamedTuple

import httpx2
import msgspec
import pytest

from services.notifier.links import Links, Use, What
from services.notifier.public.links import Right, token_for
from shared.answers import MAX_ANSWER
from shared.settings import Settings
from tests.flow.every_service import LINK_SECRET, PAGES, ROLES, Site, site

pytestmark = pytest.mark.asyncio


def cursor(position: str) -> str:
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


LONG = "".join(sha256(b"%d" % number).hexdigest() for number in range(125))  # 8 kB that no index can compress

# As they stand in a URL.
HOSTILE = (
    *("%00", "%ED%A0%80", "%FF%FE", "%E2%80%AE", "%0D%0AX-Evil:%201", "%1B[31m", "%F0%9F%98%80" * 300, LONG),
    *("..%2F..%2Fetc%2Fpasswd", "%2e%2e%2f", "'%3B%20DROP%20TABLE%20x%3B--", "%25s%25n%7B0%7D", ""),
    *("-1", "1" + "0" * 30, "9" * 5000, "1e400", "NaN", "%D9%A3", "9223372036854775808"),
    *("0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z"),
)
FORGED = tuple(
    cursor(position)
    for position in (
        *("9" * 18, "9" * 40, "-1", "nan x", "1e308 x", "inf x", "open \x1f", "open " + "x" * 1000, "x" * 1000, "c\0", "\u202e x"),
        *("0001-01-01T00:00:00+00:00 x", "9999-12-31T23:59:59.999999+00:00 x", "9999-12-31T23:59:59-12:00 x", "2026-02-30T00:00:00Z x"),
    )
)

# As they stand in JSON, where something else is expected.
VALUES = (
    *(b"null", b"true", b"-1", b"1e400", b"NaN", b"9" * 400, b"9" * 5000, b'""', b'"\\u0000"', b'"\\ud800"', b'"a\\udfffb"'),
    *(b'"\\u202e\\u2028\\u001b[31m"', b'"' + b"x" * 200_000 + b'"', b"[]", b"{}"),
    *(b"[" * 5000 + b"]" * 5000, b'{"a":' * 900 + b"1" + b"}" * 900, b'"0000-01-01T00:00:00Z"', b'"10000-01-01T00:00:00Z"'),
)
WHOLE = (
    *(b"", b"null", b"[", b"{", b"[]", b'"x"', b"\xef\xbb\xbf{}", '{"customer_id": "c"}'.encode("utf-16"), b"\xff", b"\0", b"[" * 100_000),
    *(b'{"\\ud800": 1}', b'{"\\u0000": 1}', b'{"%s": 1}' % (b"x" * 100_000), b'{"by": "a", "by": {}}'),
    b"{%s}" % b",".join(b'"unknown %d": 1' % number for number in range(3000)),
)

OTHERWISE = {"/v1/logs": "application/json"}  # whose specification says how refusals look

ENDS = ("/", "//", "/..", "/%2e%2e/", ";x", "?" + "a=1&" * 500, "?=&&%00=%00")
TYPES = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x" * 300, "application/json; charset=utf-16")

LINKS = Links("", LINK_SECRET)
PATHS = {
    "ref": "7",
    "incident_id": "i-1",
    "risk_id": "k-1",
    "backtest_id": "b-1",
    "number": "1",
    "maintenance_id": "m-1",
    "message_id": "m-1",
    "line": "1",
    "customer_id": "c-1",
    "notification_id": "n-1",
    "approval_id": "a-1",
    "place": "0",
    "rule": "r",
    "endpoint_id": "e-1",
    "topic": "incidents.v1",
    "channel": "email",
    "mark_id": "0" * 32,
    "name": "bob",
    "token": token_for(Right("incident", "c-1"), LINK_SECRET),
    **{what.value: LINKS.to(Use(what, "n-1", "https://shop.example/")).rpartition("/")[2] for what in What},
}
MAINTENANCE: dict[str, Any] = {
    "title": "t",
    "text": "x",
    "components": ["c"],
    "audience": {"where": {"tier": "gold"}},
    "starts_at": "2030-01-06T00:00:00Z",
    "ends_at": "2030-01-06T01:00:00Z",
    "repeat": "FREQ=WEEKLY",
    "zone": "Europe/Berlin",
}
BODIES: dict[str, dict[str, Any]] = {
    "/v1/events": {"specversion": "1.0", "id": "1", "source": "/x", "type": "x", "time": "2026-11-24T12:00:00Z"},
    "/v1/logs": {"resourceLogs": []},
    "/v1/rules/reload": {},
    "/v1/rules/publish": {"rules": "rules: []", "note": "n", "base": 0},
    "/v1/rules/back-to-file": {"note": "n", "base": 1},
    "/v1/backtests": {"rules": "rules: []", "since": "7d", "base": 0},
    "/v1/maintenance": MAINTENANCE,
    "/v1/maintenance/{maintenance_id}/change": MAINTENANCE,
    "/v1/maintenance/{maintenance_id}/cancel": {},
    "/v1/sources/try": {"topic": "shop.orders", "mapping": None, "last": 100},
    "/v1/hooks/{name}": {"version": "4", "alerts": []},
    "/v1/incidents/{incident_id}/resolve": {"note": "It works.", "tell": True},
    "/v1/incidents/{incident_id}/dismiss": {"note": "It works.", "tell": True},
    "/v1/incidents/{incident_id}/approve": {"reason": "r"},
    "/v1/incidents/{incident_id}/acknowledge": {"note": "n"},
    "/v1/incidents/{incident_id}/update": {
        "words": "w",
        "workaround": "x",
        "next_update_at": "2030-01-01T12:00:00Z",
        "estimate": "2030-01-01T12:00:00Z",
        "note": "n",
    },
    "/v1/incidents/{incident_id}/severity": {"severity": "low", "reason": "r"},
    "/v1/incidents/{incident_id}/customers/add": {"customers": ["c-1"], "reason": "r"},
    "/v1/incidents/{incident_id}/customers/remove": {"customers": ["c-1"], "reason": "r"},
    "/v1/incidents/{incident_id}/split": {"customers": ["c-1"], "title": "t", "reason": "r"},
    "/v1/incidents/{incident_id}/merge": {"into": "i-1", "note": "n"},
    "/v1/risks/{risk_id}/clear": {"note": "They pay by invoice."},
    "/v1/bounces": {"notification_id": "n-1", "kind": "bounce", "code": "5.1.1", "recipient": "ada@example.org"},
    "/v1/channels/{channel}/resume": {},
    "/v1/channels/{channel}/pause": {"reason": "Too many bounce."},
    "/v1/suppressions/addresses/{mark_id}/take-back": {"reason": "They called."},
    "/v1/customers/{customer_id}/preferences": {"incident": True, "guidance": None},
    "/v1/customers/{customer_id}/contacts/clear-mark": {"address": "ada@example.org"},
    "/v1/switches": {"scope": "rule", "name": "r", "mode": "off", "thrown": True, "reason": "r"},
    "/v1/rules/{rule}/step": {"step": "auto", "reason": "r"},
    "/v1/approvals/{approval_id}/approve": {"seen": "0-0", "reason": "r"},
    "/v1/approvals/{approval_id}/approve-first": {"seen": "0-0", "reason": "r"},
    "/v1/approvals/{approval_id}/reject": {"reason": "r"},
    "/v1/approvals/{approval_id}/words": {"words": {"subject": "s", "body": "b"}, "reason": "r"},
    "/v1/approvals/{approval_id}/preview": {"words": {"subject": "s", "body": "b"}},
    "/v1/approvals/{approval_id}/remove": {"customers": ["c-1"], "reason": "r"},
    "/v1/approvals/{approval_id}/send-to-me": {},
    "/v1/incidents/{incident_id}/correction": {"subject": "s", "words": "w"},
    "/v1/endpoints": {"customer_id": "c-1", "url": "https://127.0.0.1/hook"},
    "/v1/endpoints/{endpoint_id}/rotate": {},
    "/v1/endpoints/{endpoint_id}/enable": {},
    "/v1/endpoints/{endpoint_id}/replay": {"since": "2026-11-24T12:00:00Z"},
    "/v1/streams/{topic}/release": {"put_aside": False},
    "/v1/unpublished/send": {"topic": None},
    "/v1/due/retry": {"kind": None, "ref": None},
    "/v1/erasures/find": {"digests": ["0" * 64]},
    "/v1/tickets": {
        "customer_id": "c-1",
        "subject": "s",
        "body": "b",
        "component": "c",
        "priority": "low",
        "channel": "x",
        "in_reply_to": "1001",
    },
    "/v1/tickets/{ref}/reply": {"body": "b", "by": "ada"},
    "/v1/tickets/{ref}/assign": {"agent": "ada", "by": "ada"},
    "/v1/tickets/{ref}/resolve": {"resolution": "r", "by": "ada"},
    "/v1/tickets/{ref}/reopen": {"reason": "r", "by": "ada"},
    "/v1/tickets/{ref}/link": {"incident_id": "i-1", "answer": False, "by": "ada"},
    "/v1/tickets/{ref}/unlink": {"verdict": "v", "by": "ada"},
    "/v1/people": {"name": "ada", "role": "viewer", "password": None},
    "/v1/people/{name}": {"role": "lead", "disabled": False, "password": None},
    "/v1/people/{name}/link": {},
    "/u/{token}": {},
    "/h/{helped}": {},
    "/r/{receipt}": {},
}
GIVEN = {
    "monitor": "INSERT INTO incidents (id, rule, component, severity, title, status, started_at, opened_at, why)"
    " VALUES ('i-1', 'r', 'c', 'high', 't', 'open', now(), now(), '{}');"
    "INSERT INTO risks (id, customer_id, rule, fingerprint, version, partition, title, score, contributions, evidence, began_at, last_at,"
    " raised_at) VALUES ('k-1', 'c-1', 'r', '', '', 0, 't', 0.5, '{}', '{}', now(), now(), now());"
    "INSERT INTO published_rules (text, note, file_version, by) VALUES ('rules: []', '', '', 'ada');"
    "INSERT INTO backtests (id, rules, base, back, by, status, outcome) VALUES ('b-1', 'rules: []', 0, '7d', 'ada', 'done', '{}');"
    "INSERT INTO maintenance (id, title, text, components, audience, first_starts_at, first_ends_at, zone, status, starts_at, ends_at, by,"
    " created_at) VALUES ('m-1', 't', '', '{}', '{}', now(), now(), 'UTC', 'over', now(), now(), 'ada', now())",
    "notifier": "INSERT INTO customers (id, updated_at) VALUES ('c-1', now());"
    "INSERT INTO notifications (id, customer_id, kind, about_at) VALUES ('n-1', 'c-1', 'opened', now());"
    "INSERT INTO incidents (id, rule, component, severity, title, started_at) VALUES ('i-1', 'r', 'c', 'high', 't', now());"
    "INSERT INTO gates (id, rule) VALUES ('i-1', 'r');"
    "INSERT INTO approvals (id, gate, round, expires_at) VALUES ('a-1', 'i-1', 1, now() + interval '1 day');"
    "INSERT INTO endpoints (id, customer_id, url) VALUES ('e-1', 'c-1', 'https://127.0.0.1/hook')",
    "ticketing": "INSERT INTO incidents (id, rule, component, severity, title, started_at) VALUES ('i-1', 'r', 'c', 'high', 't', now());"
    "INSERT INTO tickets (id, number, customer_id, channel, subject, priority, status, opened_at, changed_at)"
    " VALUES ('t-1', 7, 'c-1', 'form', 's', 'normal', 'open', now(), now());"
    "INSERT INTO clocks (ticket_id, clock, started_at, warn_at, due_at) VALUES ('t-1', 'first_response', now(), now(), now())",
    "console": "INSERT INTO people (name, role, created_by) VALUES ('bob', 'agent', 'eve');"
    "INSERT INTO incidents (id, rule, component, severity, title, status, started_at, opened_at, revision, said_at)"
    " VALUES ('i-1', 'r', 'c', 'high', 't', 'open', now(), now(), 1, now())",
}
GIVEN[PAGES] = GIVEN["notifier"]
SERVICES = pytest.mark.parametrize("service", GIVEN)


class Ask(NamedTuple):
    """One request, and the hostile value in it for when it fails."""

    method: str
    url: str
    content: bytes | None = None
    headers: dict[str, str] = {}


class Place(NamedTuple):
    """A route, and what it takes where."""

    method: str
    path: str
    queries: list[str]

    @property
    def takes_a_body(self) -> bool:
        return self.method in ("POST", "PUT", "PATCH")

    def url(self, **but: str) -> str:
        return self.path.format(**{**PATHS, **but})

    def asks(self) -> Iterator[Ask]:
        body = msgspec.json.encode(BODIES[self.path]) if self.takes_a_body else None
        named = [name for name in PATHS if f"{{{name}}}" in self.path]
        key = {"idempotency-key": "k"} if body else {}
        yield from (Ask(self.method, self.url(**{name: value}), body, key) for name in named for value in HOSTILE if value)
        yield from (Ask(self.method, self.url() + end, body) for end in ENDS)
        for name in self.queries:
            values = (*HOSTILE, *FORGED) if name == "cursor" else HOSTILE
            yield from (Ask(self.method, f"{self.url()}?{name}={value}", body) for value in values)
            yield Ask(self.method, f"{self.url()}?" + "&".join(f"{name}=x" for _ in range(300)), body)
        if self.takes_a_body:
            yield from self._bodies()

    def _bodies(self) -> Iterator[Ask]:
        good = {name: msgspec.json.encode(value) for name, value in BODIES[self.path].items()}
        for hostile in [*({**good, name: value} for name in good for value in VALUES), {**good, "unknown": b"1"}]:
            yield Ask(self.method, self.url(), b"{%s}" % b",".join(b'"%s":%s' % (name.encode(), value) for name, value in hostile.items()))
        yield from (Ask(self.method, self.url(), whole) for whole in WHOLE)
        good_body = msgspec.json.encode(BODIES[self.path])
        for type_ in TYPES:
            yield Ask(self.method, self.url(), good_body, {"content-type": type_})
        for key in ("", "\xff" * 255, "x" * 256, "é", "'--", "%00"):
            yield Ask(self.method, self.url(), good_body, {"idempotency-key": key})


@pytest.fixture
async def here(fresh_database: Settings) -> AsyncIterator[Site]:
    async with site(fresh_database) as it:
        yield it


def places(here: Site, service: str) -> list[Place]:
    """Returns all its routes with the names of their query parameters, as it describes them."""
    described: dict[str, dict[str, Any]] = here.apps[service].openapi()["paths"]

    def queries(method: str, path: str) -> list[str]:
        parameters = described.get(path, {}).get(method.lower(), {}).get("parameters", [])
        return [each["name"] for each in parameters if each["in"] == "query"]

    return [Place(method, path, queries(method, path)) for method, path in here.routes(service)]


async def answer(client: httpx2.AsyncClient, ask: Ask, role: str | None) -> httpx2.Response:
    """Returns what comes back, which is a good answer or a problem, and bounded."""
    own = {"content-type": "application/json", **({"authorization": f"Bearer {role}-token"} if role else {}), **ask.headers}
    headers = [(name.encode(), value.encode("latin-1")) for name, value in own.items()]
    said = await client.request(ask.method, f"http://service{ask.url}", content=ask.content, headers=headers)
    what = f"{ask.method} {ask.url[:200]} {(ask.content or b'')[:200]!r} {ask.headers}: {said.status_code} {said.text[:200]}"
    assert said.status_code < 500, what
    forms = {"application/problem+json", *(form for path, form in OTHERWISE.items() if ask.url.startswith(path))}
    assert said.status_code < 400 or said.headers["content-type"] in forms, what
    assert int(said.headers.get("content-length", len(said.content))) <= MAX_ANSWER, what  # on the wire: files of /docs are packed
    return said


@SERVICES
async def test_no_value_in_any_place_of_any_route_is_an_error_of_ours(here: Site, service: str) -> None:
    await here.run(service, GIVEN[service])
    asked = 0
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(here.apps[service])) as client:
        for place in places(here, service):
            if place.path != "/readyz":  # nothing is consumed here, so it is 503
                for ask in place.asks():
                    await answer(client, ask, "operator")
                    asked += 1
    assert asked > (50 if service == PAGES else 500)


@SERVICES
async def test_whoever_asks_gets_no_further_by_hostile_values(here: Site, service: str) -> None:
    """A route refuses these for a role that it refuses; a caller without a token learns nothing."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(here.apps[service])) as client:
        for place in places(here, service):
            if not place.path.startswith("/v1/"):
                continue
            for role in (None, "nobody", *ROLES):
                good = (await answer(client, Ask(place.method, place.url()), role)).status_code
                for value in ("%00", "%2e%2e", LONG, "%ED%A0%80"):
                    ask = Ask(place.method, place.url(**dict.fromkeys(PATHS, value)) + f"?cursor={value}&limit={value}")
                    said = (await answer(client, ask, role)).status_code
                    assert (said == good) if good in (401, 403) else (said not in (401, 403)), (ask.method, ask.url[:100], role, good, said)
