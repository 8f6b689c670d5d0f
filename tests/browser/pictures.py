"""Takes the pictures of the README: `make pictures` plays an outage on the embedded stack and photographs the console while it lasts."""

import asyncio
import contextlib
import shutil
import time
from collections.abc import AsyncIterator, Mapping
from typing import Literal

from playwright.async_api import Browser, Page, ViewportSize, async_playwright

from deploy.local.people import Console
from deploy.local.processes import ROOT, Failed
from deploy.local.running import run
from deploy.local.stack import CONSOLE, Stack, stack
from deploy.local.terminal import say
from deploy.simulator.faults import Outage
from deploy.simulator.play import customers_told, encode, play, producer
from deploy.simulator.product import Product, directory
from deploy.simulator.story import Story
from services.console.sessions.roles import Role
from shared.connecting.brokers import Brokers

FOLDER = ROOT / "docs" / "pictures"
SIZE = ViewportSize(width=1280, height=800)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
STORY = Story(Product(seed=7), faults=(Outage("checkout", customers=137, start=6.0, end=150.0),))  # the demo's, and it lasts
ALL_IS_THERE_S = 55.0  # after the start: all are told, some wrote, the measures were computed
PERSON = "ada"
REPLY = "Your order is safe: nothing was paid twice. I write again as soon as the checkout works."


async def pictures() -> int:
    """Writes each picture in light and in dark. Raises `Failed` when something did not start."""
    FOLDER.mkdir(exist_ok=True)
    async with stack(say) as here, _outage(here), chromium() as browser:
        link = await Console(here.urls[CONSOLE], here.tokens["operator"]).link(PERSON, Role.OPERATOR)
        page = await (await browser.new_context(viewport=SIZE, reduced_motion="reduce")).new_page()
        await page.goto(link)
        await page.get_by_role("button").first.click()
        for name, address in (await _places(page)).items():
            await page.goto(address)
            await _prepare(page, name)
            await _take(page, name)
    return 0


@contextlib.asynccontextmanager
async def _outage(here: Stack) -> AsyncIterator[None]:
    """Plays the story, and yields when there is enough of it to see."""
    brokers = Brokers(here.kafka)
    async with producer(brokers) as sender, customers_told(brokers) as told:
        await play(sender, encode(directory(STORY.product), time.time()))
        start = time.time()
        async with asyncio.TaskGroup() as group:
            playing = group.create_task(play(sender, encode(STORY.messages(told.__contains__), start), start))
            await asyncio.sleep(ALL_IS_THERE_S)
            here.check()
            yield
            playing.cancel()


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Starts Chromium. Raises `Failed` when it is not installed."""
    path = shutil.which("chromium")
    if path is None:
        raise Failed("the pictures need Chromium: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        await browser.close()


async def _places(page: Page) -> Mapping[str, str]:
    """Returns the address of each picture, found as a person finds it: by links from Now."""
    now, incident = page.url, await _link(page, '[data-region="incidents"] td a, [data-region="incidents"] th a')
    await page.goto(incident)
    ticket = await _link(page, '[data-region="tickets"] li a')
    await page.goto(ticket)
    return {"now": now, "incident": incident, "ticket": ticket, "why": await _link(page, "a.why")}


async def _link(page: Page, selector: str) -> str:
    return str(await page.locator(selector).first.evaluate("link => link.href"))


async def _prepare(page: Page, name: str) -> None:
    if name == "ticket":
        await page.get_by_role("button", name="Assign to me").click()
        await page.get_by_label("What you write to the customer").fill(REPLY)
        await page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")


async def _take(page: Page, name: str) -> None:
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        path = FOLDER / f"{name}-{scheme}.png"
        taken = await page.screenshot(path=path, animations="disabled")
        say(f"{path.relative_to(ROOT)}: {len(taken) / 1000:.0f} kB")


if __name__ == "__main__":
    raise SystemExit(run(pictures))
