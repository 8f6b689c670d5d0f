"""What customers do with their mails is said once each: opened and followed where that is counted, and whether it helped."""

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import httpx2
import pytest
import yaml

from services.notifier.acts.engaging import CHANGES
from services.notifier.links import Links, Use, What
from shared.events import CustomerErased, Fact
from shared.settings import Settings
from tests.flow.notifier_stage import CONFIG, MINUTE, Stage, impact, kinds, opened, resolved, stage

pytestmark = pytest.mark.asyncio

URL, ADA = "https://notify.example.com", "c-1@example.org"
LINKS = Links(URL, "a secret")


@pytest.fixture
async def on(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Stage]:
    said = yaml.safe_load((CONFIG / "notifications.yml").read_text()) | {"engagement": {"opens": True, "clicks": True}}
    said["texts"]["resolved"]["body"] += "\nMore: https://shop.example/news?a=1&b=2\n"
    said["texts"].pop("symptoms")
    (tmp_path / "notifications.yml").write_text(yaml.safe_dump(said))
    async with stage(fresh_database, own_config_dir=str(tmp_path), public_url=URL) as staged:
        yield staged


@pytest.fixture
async def anybody(on: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(on.service.public_app()), base_url=URL) as client:
        yield client


async def all_clear(on: Stage) -> dict[What, str]:
    """Has c-1 told of an incident and of its end; returns the links in the second mail."""
    await on.know("c-1")
    await on.hear(opened(on.now), impact(on.now, "c-1"))
    await on.loop.advance(MINUTE)
    await on.hear(resolved(on.now))
    page = on.office.to(ADA)[-1].get_body(("html",))
    assert page is not None
    found = re.findall(rf"{re.escape(URL)}/[och]/[\w.-]+", unescape(page.get_content()))
    return {use.what: link for link in found for what in What if (use := LINKS.use_of(link.rpartition("/")[2], what))}


def engaged(on: Stage) -> list[str]:
    return [_words(fact) for fact in on.said() if kinds([fact]) in (["engaged"], ["answered"])]


def _words(fact: Fact) -> str:
    data = fact.data.model_dump()
    return str(data.get("action") or f"{data['question']} {data['answer']}")


async def record(on: Stage) -> tuple[int, int]:
    async with on.client("agent-token") as agent:
        [found] = (await agent.get("/v1/rules")).json()["items"]
    return found["helped"], found["not_helped"]


async def test_opening_and_following_are_said_once_and_not_when_nobody_asked(on: Stage, anybody: httpx2.AsyncClient) -> None:
    links = await all_clear(on)
    assert links.keys() == {What.OPENED, What.CLICKED, What.HELPED}
    for method, headers in (("HEAD", {}), ("GET", {"Sec-Purpose": "prefetch;prerender"}), ("GET", {"X-Purpose": "preview"})):
        assert (await anybody.request(method, links[What.OPENED], headers=headers)).status_code == 200
        assert (await anybody.request(method, links[What.CLICKED], headers=headers)).status_code == 303
    await on.loop.settle()
    assert engaged(on) == []
    for _ in range(3):
        image = await anybody.get(links[What.OPENED])
        assert (image.status_code, image.headers["content-type"], image.content[:6]) == (200, "image/gif", b"GIF89a")
        assert image.headers["cache-control"] == "no-store"
        led = await anybody.get(links[What.CLICKED])
        assert (led.status_code, led.headers["location"]) == (303, "https://shop.example/news?a=1&b=2")
        assert led.headers["referrer-policy"] == "no-referrer"
    await on.loop.settle()
    assert engaged(on) == ["opened", "clicked"]
    said = str(on.said()[-2:])
    assert ADA not in said
    assert "shop.example" not in said


async def test_a_look_at_the_question_answers_nothing_and_an_answer_may_change(on: Stage, anybody: httpx2.AsyncClient) -> None:
    link = (await all_clear(on))[What.HELPED]
    page = await anybody.get(link)
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script" not in page.text
    assert '<html lang="en">' in page.text
    assert "<h1" in page.text
    await on.loop.settle()
    assert engaged(on) == []
    for answer, words in (("yes", "You said that it helped"), ("yes", "You said that it helped"), ("no", "it did not help")):
        assert words in (await anybody.post(link, data={"answer": answer})).text
    await on.loop.settle()
    assert engaged(on) == ["helped yes", "helped no"]
    assert await record(on) == (0, 1)
    for _ in range(CHANGES):
        await anybody.post(link, data={"answer": "yes"})
        await anybody.post(link, data={"answer": "no"})
    await on.loop.settle()
    assert len(engaged(on)) == 1 + CHANGES
    assert await record(on) == (1, 0)
    assert "You said that it helped" in (await anybody.post(link, data={"answer": "no"})).text, "it was changed too often"


async def test_what_is_no_link_or_no_answer_changes_nothing(on: Stage, anybody: httpx2.AsyncClient) -> None:
    links = await all_clear(on)
    helped = links[What.HELPED].rpartition("/")[2]
    before = await on.rows("SELECT * FROM engagements")
    stranger = Links(URL, "another").to(Use(What.CLICKED, "n-1", "https://evil.example/")).rpartition("/")[2]
    for path in (f"/o/{helped}", f"/c/{helped}", f"/r/{helped}", "/h/x", f"/c/{stranger}", "/c/https:%2F%2Fevil.example", f"/h/{helped}/"):
        for method in ("GET", "POST"):
            answer = await anybody.request(method, path, data={"answer": "yes"} if method == "POST" else None)
            assert answer.status_code in (404, 405), path
            assert "location" not in answer.headers
    for body in (b"", b"answer=", b"answer=maybe", b"answer=yes&answer=no", b"\xff", b"a&" * 5000, b"answer=%00"):
        assert (await anybody.post(links[What.HELPED], content=body)).status_code == 422, body
    assert await on.rows("SELECT * FROM engagements") == before
    await on.hear(CustomerErased.of(CustomerErased.Data(), subject="c-1", at=on.now))
    for link, status in ((links[What.OPENED], 200), (links[What.CLICKED], 303), (links[What.HELPED], 200)):
        assert (await anybody.get(link)).status_code == status
    assert (await anybody.post(links[What.HELPED], data={"answer": "yes"})).status_code == 200
    assert await on.rows("SELECT * FROM engagements") == []
    assert engaged(on) == []
