"""Every answer is bounded: each route of each service that can be read is asked with the largest data there can be."""

import tracemalloc
from collections.abc import AsyncIterator, Awaitable

import pytest
from httpx2 import Response

from shared.answers import MAX_ANSWER
from shared.settings import Settings
from tests.flow.every_service import Site, site
from tests.flow.largest import ASKED, DONE, ELSEWHERE, FILL

pytestmark = pytest.mark.asyncio

MEMORY = {"GET": 4 * MAX_ANSWER, "POST": 12 * MAX_ANSWER}  # bytes that making one answer may take for a moment
MEMORY_OF = {
    "/v1/customers/{customer_id}/data": 12 * MAX_ANSWER,  # an operator gets rows whole
    "/v1/backtests/{backtest_id}": 12 * MAX_ANSWER,  # and rules with all that they found
    "/v1/approvals/{approval_id}": 12 * MAX_ANSWER,  # three messages are written as they would be sent
    "/v1/approvals/{approval_id}/samples/{place}": 12 * MAX_ANSWER,  # and one with its page
}
SERVICES = pytest.mark.parametrize("service", ASKED)


@pytest.fixture
async def here(fresh_database: Settings) -> AsyncIterator[Site]:
    async with site(fresh_database) as it:
        yield it


async def measured(asking: Awaitable[Response]) -> tuple[Response, int]:
    """Returns the answer, and the bytes held at most at any moment until it came: by all of the process, so by what else runs in it too."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        answer = await asking
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return answer, peak - before


@SERVICES
async def test_every_route_that_can_be_read_or_posted_to_is_asked_here(here: Site, service: str) -> None:
    routes = here.routes(service)
    assert {path for method, path in routes if method == "GET"} - {"/readyz"} == ASKED[service].keys()
    assert {path for method, path in routes if method == "POST"} - ELSEWHERE == DONE[service].keys()
    assert {method for method, _ in routes} <= {
        "GET",
        "POST",
        "PUT",
        "PATCH",
        "DELETE",
    }  # what is put comes back as it came, and the last two answer nothing


@SERVICES
async def test_every_answer_is_bounded_with_the_largest_data_there_can_be(here: Site, service: str) -> None:
    """Hundreds of replies of 400 kB on one ticket are among it."""
    await here.run(service, FILL[service])
    asked = [("GET", path, url, None) for path, url in ASKED[service].items()]
    done = [("POST", path, url, body) for path, (url, body) in DONE[service].items()]
    for method, path, url, body in [*asked, *done]:
        most = MEMORY_OF.get(path, MEMORY[method]) if path.startswith("/v1/") else None
        for _ in range(3 if method == "GET" else 1):  # another task of the service may have held memory meanwhile, hardly three times
            answer, held = await measured(here.ask(service, method, url, json=body))
            if most is None or held <= most:
                break
        else:
            pytest.fail(f"{path} took {held:,} bytes each time")
        assert answer.status_code in (200, 201, 202, 303), (path, answer.text[:500])
        size = int(answer.headers["content-length"])  # as it is sent, which may be packed
        assert size <= MAX_ANSWER, f"{path} answers with {size:,} bytes"
    assert len((await here.ask(service, "GET", "/readyz")).content) <= MAX_ANSWER
