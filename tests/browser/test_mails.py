"""Every mail can be read by everybody: axe finds nothing in light and in dark, a narrow screen cuts nothing off, nothing is loaded."""

from dataclasses import replace

import pytest
from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.async_api import Browser, ViewportSize

from deploy.local.check import SHIPPED
from deploy.local.sampling import ADA, Voice, rendered, voice_of
from services.notifier.wording.forms import Event
from tests.browser.pictures import SCHEMES

NARROW = ViewportSize(width=320, height=640)
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}  # a mail is a part of the mail program's page: no landmarks
LONG = "Bartholomäus-Maximilian von und zu Hohenstein-Oberhausen"


@pytest.fixture(scope="module")
def voice() -> Voice:
    return voice_of([SHIPPED])


@pytest.mark.parametrize("locale", ["en", "de", "fr"])
async def test_a_mail_can_be_read_by_everybody(chromium: Browser, voice: Voice, locale: str) -> None:
    page = await (await chromium.new_context(viewport=NARROW)).new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for event in Event:
        await page.set_content(rendered(event, replace(ADA, name=LONG, locale=locale), "email", "failing", voice).html or "")
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme)
            await page.evaluate(AXE_SCRIPT)
            found = AxeResults(await page.evaluate("options => axe.run(options)", WCAG))
            assert found.violations_count == 0, f"{event} {scheme}: {found.generate_report()}"
            assert await page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], (event, scheme)
    assert asked == []
    await page.context.close()
