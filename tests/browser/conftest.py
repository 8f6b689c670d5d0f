"""Starts Debian's Chromium once, and a console for each test."""

import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from shared.settings import Settings
from tests.browser.console import Console, running
from tests.browser.stage import Stage, staged
from tests.flow.console_screen import Screen, screen


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Marks the tests of this folder, so that they can be run, or left out, together."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Yields a browser without windows."""
    path = shutil.which("chromium")
    assert path, "the browser tests need Chromium: apt-get install chromium"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest.fixture
async def on(fresh_database: Settings) -> AsyncIterator[Screen]:
    """Yields the console's tables."""
    async with screen(fresh_database) as it:
        yield it


@pytest.fixture
async def console(on: Screen) -> AsyncIterator[Console]:
    """Yields a console that browsers reach."""
    async with running(on) as it:
        yield it


@pytest.fixture(scope="session")
async def stage() -> AsyncIterator[Stage]:
    """Yields the whole of Forewarn, with an incident open."""
    async with staged() as it:
        yield it
