"""Starts Debian's Chromium once, and a console for each test."""

import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol
from playwright.async_api import Browser, async_playwright

from shared.settings import Settings
from tests.browser.console import Console, running
from tests.browser.stage import Stage, staged
from tests.flow.console_screen import Screen, screen

NETWORK_CHANGED = "ERR_NETWORK_CHANGED"


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Marks the tests of this folder, so that they can be run, or left out, together."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Runs a test once more in which Chromium broke off its requests, since this machine got or lost a network interface.

    A container that starts or ends anywhere on the machine does that; no console could do anything about it.
    """
    if Path(__file__).parent not in item.path.parents:
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runtestprotocol(item, log=False, nextitem=nextitem)
    if any(each.failed and NETWORK_CHANGED in each.longreprtext for each in reports):
        item._initrequest()  # type: ignore[attr-defined]
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
    for each in reports:
        item.ihook.pytest_runtest_logreport(report=each)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


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
