"""A body above the limit is refused by a real server, whichever way it comes, and the figures say how soon."""

import pytest

from tests.hostile import oversize
from tests.hostile.oversize import ROUTES, Answer, figures, refusal, refusals
from tests.hostile.requests import PORTS
from tests.unit.shared.served import TOKENS, served

TOKEN = TOKENS["producer_token"]


@pytest.mark.parametrize("chunked", [False, True])
async def test_it_is_refused_with_its_length_said_and_in_chunks(chunked: bool) -> None:
    async with served() as server:
        answer = await refusal(server.port, "/v1/echo", TOKEN, chunked=chunked)
        nobody = await refusal(server.port, "/v1/echo", "wrong", chunked=chunked)
    assert (answer.status, nobody.status) == ("413", "401")
    assert 0 < answer.ms < oversize.WITHIN * 1000


async def test_what_does_not_refuse_counts_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oversize, "EACH", 1)
    async with served() as server:
        ports = dict.fromkeys(ROUTES, server.port)
        refused, let_in = await refusals(ports, TOKEN), await refusals(ports, "wrong")
    assert (refused["asked"], refused["not_413"], let_in["asked"], let_in["not_413"]) == (8, 0, 8, 8)
    assert let_in["longest_ms"] is None


def test_figures_are_those_of_the_refusals() -> None:
    answers = [Answer("413", 3.0), Answer("413", 5.0), Answer("413", 120.0), Answer("500", 900.0)]
    assert figures(answers) == {"asked": 4, "not_413": 1, "median_ms": 5.0, "longest_ms": 120.0, "later_than_100_ms": 1}
    assert figures([])["longest_ms"] is None


def test_every_service_is_asked() -> None:
    assert ROUTES.keys() == {name for name in PORTS if not name.endswith(" pages")}
