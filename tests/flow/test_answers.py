"""Every answer is bounded: each route of each service that can be read is asked with the largest data there can be."""

import gc
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, nullcontext

import pytest

from shared.answers import MAX_ANSWER
from shared.settings import Settings
from tests.flow.every_service import Site, site
from tests.flow.largest import ASKED, DONE, ELSEWHERE, FILL

pytestmark = pytest.mark.asyncio

MEMORY = {"GET": 4 * MAX_ANSWER, "POST": 12 * MAX_ANSWER}  # bytes that making one answer may take for a moment
MEMORY_OF = {
    "/v1/customers/{customer_id}/data": 12 * MAX_ANSWER,  # an operator gets rows whole
    "/v1/backtests/{backtest_id}": 12 * MAX_ANSWER,  # and rules with all that they found
}
SERVICES = pytest.mark.parametrize("service", ASKED)


@pytest.fixture
async def here(fresh_database: Settings) -> AsyncIterator[Site]:
    async with site(fresh_database) as it:
        yield it


@contextmanager
def taking_at_most(count: int, what: str) -> Iterator[None]:
    """Fails when the block holds more bytes at any moment."""
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before <= count, f"{what} took {peak - before:,} bytes"


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
        with taking_at_most(MEMORY_OF.get(path, MEMORY[method]), path) if path.startswith("/v1/") else nullcontext():
            answer = await here.ask(service, method, url, json=body)
        assert answer.status_code in (200, 201, 202), (path, answer.text[:500])
        size = int(answer.headers["content-length"])  # as it is sent, which may be packed
        assert size <= MAX_ANSWER, f"{path} answers with {size:,} bytes"
    assert len((await here.ask(service, "GET", "/readyz")).content) <= MAX_ANSWER
