"""Problems (RFC 9457) are small: however much is wrong with whatever request, the answer shows twenty errors and counts the rest."""

from collections.abc import AsyncIterator

import httpx2
import msgspec
import pytest

from shared.http.problems import LONGEST, SHOWN, Problem
from tests.unit.shared.served import TOKENS, settings, small_application

pytestmark = pytest.mark.asyncio

BOUND = 20_000  # bytes


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    headers = {"authorization": f"Bearer {TOKENS['producer_token']}"}
    app = small_application(settings())
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://small", headers=headers) as client:
        yield client


async def test_of_many_errors_twenty_are_shown_and_all_counted() -> None:
    for count in (1, SHOWN, SHOWN + 1, 5_000):
        problem = Problem(400, "no", errors=[{"index": number, "detail": "x" * 1_000} for number in range(count)])
        body = problem.response().body
        said = msgspec.json.decode(body)
        assert (len(said["errors"]), said["error_count"]) == (min(count, SHOWN), count)
        assert len(body) < BOUND
    assert "errors" not in msgspec.json.decode(Problem(400, "no").response().body)


async def test_long_texts_are_cut_wherever_they_stand() -> None:
    said = msgspec.json.decode(Problem(409, "d" * 9_000, allowed=["a" * 9_000], deep={"k" * 9_000: "v" * 9_000}).response().body)
    assert said["detail"] == "d" * LONGEST + "…"
    assert [len(each) for each in (*said["allowed"], *said["deep"], *said["deep"].values())] == [LONGEST + 1] * 3


HOSTILE = {
    "many errors": b'{"things": [%s"x"]}' % (b'"x",' * 20_000),
    "a long key": b'{"named": {"%s": "x"}}' % (b"k" * 900_000),
    "many keys": b'{"named": {%s"z": "x"}}' % b"".join(b'"%d": "x",' % number for number in range(10_000)),
    "many unknown fields": b"{%s}" % b",".join(b'"%d": 1' % number for number in range(80_000)),
    "half of a surrogate pair in a key": rb'{"named": {"\ud800": "x"}}',
    "half of a surrogate pair": rb'{"things": ["\ud800"]}',
    "5,000 deep": b'{"things": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "100,000 deep": b"[" * 100_000,
    "a number of 5,000 digits": b'{"things": [%s]}' % (b"9" * 5_000),
    "a number out of range": b'{"things": [1e999, NaN, -Infinity]}',
    "no UTF-8": b'{"things": ["\xff\xfe"]}',
    "UTF-16": '{"things": ["x"]}'.encode("utf-16"),
    "nothing": b"",
    "NUL": b"\0",
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_body_that_does_not_fit_gets_a_small_problem(client: httpx2.AsyncClient, name: str) -> None:
    answer = await client.post("/v1/things", content=HOSTILE[name], headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.content) < BOUND


async def test_unknown_fields_are_named_and_many_are_counted(client: httpx2.AsyncClient) -> None:
    few = await client.post("/v1/things", json={"x": 1, "y": 2})
    assert [error["at"] for error in few.json()["errors"]] == ["body.x", "body.y"]
    many = await client.post("/v1/things", json={str(number): 1 for number in range(1_000)})
    assert [(error["at"], "1000 fields" in error["why"]) for error in many.json()["errors"]] == [("body", True)]


async def test_a_query_that_does_not_fit_gets_a_small_problem(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/v1/much", params={"mebibytes": "9" * 7_000})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert len(answer.content) < BOUND
