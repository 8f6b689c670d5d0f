"""A ticket is read page by page: nothing is missing, nothing comes twice, and long texts are whole where they are asked for."""

from typing import Any

import httpx2
import pytest

from shared.answers import PAGE
from tests.flow.cursors import NOT_OURS
from tests.flow.ticketing_desk import Desk
from tests.unit.ticketing.builders import NOW, impact, minutes, opened, requested

pytestmark = pytest.mark.asyncio

LONG = "𠀀" * 99_999 + "!"


async def pages(agent: httpx2.AsyncClient, path: str, cursor: str | None = None, **query: Any) -> list[list[dict[str, Any]]]:
    """Returns all pages of a list, from a cursor on."""
    found = []
    while True:
        page = (await agent.get(path, params={**query, **({"cursor": cursor} if cursor else {})})).json()
        found.append(page["items"])
        if (cursor := page["next"]) is None:
            return found


async def reply(agent: httpx2.AsyncClient, body: str) -> None:
    assert (await agent.post("/v1/tickets/1001/reply", json={"body": body})).status_code == 200


async def test_a_ticket_shows_the_latest_and_its_lists_go_on_where_it_ends(desk: Desk, agent: httpx2.AsyncClient) -> None:
    await desk.tell(requested(1))
    for number in range(60):
        await desk.at(NOW + minutes(number // 2))  # several at one moment
        await reply(agent, f"reply {number}")
    detail = (await agent.get("/v1/tickets/1001")).json()
    assert [message["at"] for message in detail["messages"]] == sorted(message["at"] for message in detail["messages"])
    assert {message["body"] for message in detail["messages"][-2:]} == {"reply 58", "reply 59"}
    for name in ("messages", "history"):
        [*earlier] = await pages(agent, f"/v1/tickets/1001/{name}", detail["next"][name], limit=4)
        whole = await pages(agent, f"/v1/tickets/1001/{name}", limit=7)
        items = [item for page in whole for item in page]
        assert [len(page) for page in whole] == [7] * 8 + [5]
        assert [*reversed(detail[name]), *(item for page in earlier for item in page)] == items
        assert len({item["id"] for item in items}) == len(items) == 61
    assert (detail["next"]["links"], detail["next"]["suggestions"]) == (None, None)


async def test_a_long_body_is_cut_where_it_is_listed_and_whole_by_itself(desk: Desk, agent: httpx2.AsyncClient) -> None:
    await desk.tell(requested(1, body=LONG))
    [listed] = (await agent.get("/v1/tickets/1001")).json()["messages"]
    assert (listed["body"], listed["body_length"]) == (LONG[:4000], len(LONG))
    assert (await agent.get("/v1/tickets/1001/messages")).json()["items"] == [listed]
    whole = (await agent.get(f"/v1/tickets/1001/messages/{listed['id']}")).json()
    assert whole == {**listed, "body": LONG}
    await desk.tell(requested(2))
    for elsewhere in (f"1002/messages/{listed['id']}", "1001/messages/none", "9999/messages", f"9999/messages/{listed['id']}"):
        assert (await agent.get(f"/v1/tickets/{elsewhere}")).status_code == 404, elsewhere


async def test_a_long_detail_is_with_its_own_line_of_the_history(desk: Desk, agent: httpx2.AsyncClient) -> None:
    await desk.tell(requested(1))
    assert (await agent.post("/v1/tickets/1001/resolve", json={"resolution": LONG})).status_code == 200
    line = (await agent.get("/v1/tickets/1001")).json()["history"][-1]
    assert (line["who"], line["what"], line["detail"]) == ("agent", "resolved", None)
    assert (await agent.get(f"/v1/tickets/1001/history/{line['id']}")).json() == {**line, "detail": {"resolution": LONG}}
    assert (await agent.get("/v1/tickets/1001/history/999999")).status_code == 404


async def test_a_page_ends_by_its_bytes_and_the_next_goes_on(desk: Desk, agent: httpx2.AsyncClient) -> None:
    await desk.tell(requested(1))
    for _ in range(45):
        await reply(agent, LONG[:4000])
    answer = await agent.get("/v1/tickets/1001/messages", params={"limit": 200})
    assert PAGE - 20_000 < len(answer.content) < PAGE + 200
    found = await pages(agent, "/v1/tickets/1001/messages", limit=200)
    assert (len(found), len({item["id"] for page in found for item in page})) == (2, 46)


async def test_links_and_suggestions_have_pages_too(desk: Desk, agent: httpx2.AsyncClient) -> None:
    for number in range(7):
        await desk.tell(opened(f"i-{number}", component=f"part-{number}"), impact("c-1", incident=f"i-{number}"))
    await desk.tell(requested(1, body="A question."))
    suggested = (await agent.get("/v1/tickets/1001")).json()["suggestions"]
    found = await pages(agent, "/v1/tickets/1001/suggestions", limit=3)
    assert ([len(page) for page in found], [item for page in found for item in page]) == ([3, 3, 1], suggested)
    for number in range(5):
        await desk.at(NOW + minutes(number))
        await agent.post("/v1/tickets/1001/link", json={"incident_id": f"i-{number}", "answer": False})
        await agent.post("/v1/tickets/1001/unlink", json={"verdict": LONG})
    found = await pages(agent, "/v1/tickets/1001/links", limit=2)
    links = [link for page in found for link in page]
    assert [link["incident_id"] for link in links] == ["i-4", "i-3", "i-2", "i-1", "i-0"]
    assert {link["verdict"] for link in links} == {LONG[:4000]}
    assert (await agent.get("/v1/tickets/1001")).json()["links"] == links[::-1]


async def test_queues_have_pages_and_what_nobody_has_comes_last_of_its_state(desk: Desk, agent: httpx2.AsyncClient) -> None:
    await desk.tell_at_once([requested(number) for number in range(6)])
    for number, who in enumerate(("ada", "ada x", "bob", "\u202e"), start=1001):
        await agent.post(f"/v1/tickets/{number}/assign", json={"agent": who})
    await agent.post("/v1/tickets/1005/reply", json={"body": "Hello."})
    whole = (await agent.get("/v1/queues")).json()["items"]
    assert [(each["status"], each["assignee"]) for each in whole[-3:]] == [("in_progress", "\u202e"), ("open", None), ("waiting", None)]
    for limit in (1, 2, 3):
        assert [item for page in await pages(agent, "/v1/queues", limit=limit) for item in page] == whole


async def test_a_cursor_that_is_not_ours_is_refused(desk: Desk, agent: httpx2.AsyncClient) -> None:
    await desk.tell(requested(1))
    for path in ("tickets/1001/messages", "tickets/1001/links", "tickets/1001/suggestions", "tickets/1001/history", "queues"):
        for cursor in NOT_OURS:
            assert (await agent.get(f"/v1/{path}", params={"cursor": cursor})).status_code == 422, (path, cursor)
