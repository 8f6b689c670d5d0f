"""Takes the pictures of docs/words.md: six mails in two languages, in light and in dark, as `forewarn render` makes them."""

from dataclasses import replace

from playwright.async_api import Page, ViewportSize

from deploy.local.check import SHIPPED
from deploy.local.processes import ROOT
from deploy.local.running import run
from deploy.local.sampling import ADA, rendered, voice_of
from deploy.local.terminal import say
from services.notifier.wording.forms import Event
from tests.browser.pictures import FOLDER, SCHEMES, chromium

WIDTH = ViewportSize(width=640, height=400)
EVENTS = (Event.OPENED, Event.UPDATED, Event.RESOLVED, Event.DIGEST, Event.ARTICLE, Event.MAINTENANCE_PLANNED)
LOCALES = ("en", "de")


async def pictures() -> int:
    """Writes each mail in light and in dark. Raises `Failed` when there is no Chromium."""
    voice = voice_of([SHIPPED])
    async with chromium() as browser:
        page = await (await browser.new_context(viewport=WIDTH, offline=True)).new_page()
        for event in EVENTS:
            for locale in LOCALES:
                message = rendered(event, replace(ADA, locale=locale), "email", "failing", voice)
                await _take(page, f"mail-{event}-{locale}", message.html or "")
    return 0


async def _take(page: Page, name: str, mail: str) -> None:
    await page.set_content(mail)
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        path = FOLDER / f"{name}-{scheme}.png"
        taken = await page.screenshot(path=path, full_page=True)
        say(f"{path.relative_to(ROOT)}: {len(taken) / 1000:.0f} kB")


if __name__ == "__main__":
    raise SystemExit(run(pictures))
