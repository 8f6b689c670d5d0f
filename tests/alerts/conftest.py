"""The stack is started once, everything is taken away from it in turn, and the tests look at what Prometheus said."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deploy.services import NAMES
from tests.alerts.harming.records import speak
from tests.alerts.harms import ROUNDS, Harm, Labels
from tests.alerts.stack import Stack, running

FIRES_WITHIN, OVER_WITHIN = 90.0, 60.0  # seconds, with the times of `scaling.py`


@dataclass
class Told:
    """The outcome of one alert."""

    alert: str
    what: str  # was taken away
    fired_after: float | None = None  # seconds; None: it did not in time
    over_after: float | None = None  # seconds after the thing was given back


@dataclass
class Story:
    """The stack after everything was taken from it and given back."""

    stack: Stack
    told: dict[str, Told] = field(default_factory=dict)
    kafka_log: Mapping[str, list[str]] = field(default_factory=dict)  # by service: what it said while Kafka was away, and how long
    kafka_away_s: float = 0.0


@pytest.fixture(scope="module")
async def story(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Story]:
    folder: Path = tmp_path_factory.mktemp("alerts")
    async with running(folder) as stack:
        it = Story(stack)
        feed = asyncio.create_task(speak(stack))
        try:
            for harms in ROUNDS:
                await _round(it, harms)
            yield it
        finally:
            feed.cancel()
            with suppress(asyncio.CancelledError):
                await feed


async def _round(it: Story, harms: tuple[Harm, ...]) -> None:
    """Does harms side by side, waits for their alerts, mends everything, waits for the alerts to be over."""
    await asyncio.gather(*(harm.first(it.stack) for harm in harms if harm.first))
    since, began = time.time(), {harm.what: time.monotonic() for harm in harms}
    wanted = {alert: labels for harm in harms for alert, labels in harm.alerts.items()}
    it.told |= {alert: Told(alert, harm.what) for harm in harms for alert in harm.alerts}

    def fired(alert: str) -> None:
        it.told[alert].fired_after = time.monotonic() - began[it.told[alert].what]

    async with AsyncExitStack() as doing:
        async with asyncio.TaskGroup() as watching:  # from the start: some fire for moments only, while another harm is still being done
            watching.create_task(_until(it.stack, wanted, firing=True, within=FIRES_WITHIN, then=fired))
            await asyncio.gather(*(doing.enter_async_context(harm.doing(it.stack)) for harm in harms))
        if "KafkaAway" in wanted:
            it.kafka_log = {name: await it.stack.log(name, since) for name in NAMES}
            it.kafka_away_s = time.time() - since
    mended = time.monotonic()

    def over(alert: str) -> None:
        it.told[alert].over_after = time.monotonic() - mended

    await _until(it.stack, wanted, firing=False, within=OVER_WITHIN, then=over)
    await asyncio.gather(*(harm.last(it.stack) for harm in harms if harm.last))


async def _until(stack: Stack, wanted: Mapping[str, Labels], *, firing: bool, within: float, then: Callable[[str], None]) -> None:
    """Calls `then` for each alert when it fires, or no longer does; returns when all have, or when time is up."""
    left, deadline = dict(wanted), time.monotonic() + within
    while left and time.monotonic() < deadline:
        now = await stack.firing()
        for alert, labels in list(left.items()):
            if firing == any(each["alertname"] == alert and labels.items() <= each.items() for each in now):
                then(alert)
                del left[alert]
        await asyncio.sleep(0.2)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints what was taken away, and which alert fired after how many seconds."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    told = [Told(**held) for report in reports for name, held in getattr(report, "user_properties", ()) if name == "alert"]
    if told:
        terminalreporter.section("alerts on the running stack, with shortened times")
        terminalreporter.write_line(f"{'taken away':38}{'alert':22}{'fired after':>14}{'over after':>14}")
    for each in told:
        seconds = [f"{value:.1f} s" if value is not None else "never" for value in (each.fired_after, each.over_after)]
        terminalreporter.write_line(f"{each.what:38}{each.alert:22}{seconds[0]:>14}{seconds[1]:>14}")
