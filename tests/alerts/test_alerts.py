"""Each alert fires when it must: shown by taking the thing away on the running stack and asking Prometheus whether it fires."""

from collections.abc import Callable
from dataclasses import asdict

import pytest

from tests.alerts.conftest import Story
from tests.alerts.harms import ROUNDS
from tests.alerts.stack import Stack
from tests.e2e.shop import until

pytestmark = [pytest.mark.docker, pytest.mark.asyncio]

STATES = ("FIRING", "RESOLVED")
CRITICAL = {"KafkaAway", "DatabaseAway", "BrakeEngaged"}  # they last long enough to be mailed about
ALERTS = [alert for harms in ROUNDS for harm in harms for alert in harm.alerts]


@pytest.mark.parametrize("alert", ALERTS)
async def test_it_fires_when_the_thing_is_taken_away_and_is_over_when_it_is_back(
    story: Story, alert: str, record_property: Callable[[str, object], None]
) -> None:
    told = story.told[alert]
    record_property("alert", asdict(told))
    assert told.fired_after is not None, f"{alert} did not fire when {told.what} was taken away"
    assert told.over_after is not None, f"{alert} is still firing after {told.what} was given back"


async def test_an_operator_is_mailed_what_fires_and_that_it_is_over(story: Story) -> None:
    async def mailed() -> bool:
        mails = [mail for mail in await story.stack.mails() if any(to["address"] == "operators@example.org" for to in mail["to"])]
        said = {
            state: {alert for alert in ALERTS for mail in mails if f"[{state}" in mail["subject"] and alert in mail["subject"]}
            for state in STATES
        }
        return bool(said["FIRING"] & said["RESOLVED"] & CRITICAL)

    await until(mailed, "the operator has a mail that something critical fires, and one that it is over", seconds=60)


async def test_while_kafka_is_away_a_service_logs_at_most_a_line_a_second(story: Story) -> None:
    burst = 30  # the first line of each kind of trouble is said at once
    for service, lines in story.kafka_log.items():
        assert len(lines) <= burst + story.kafka_away_s, f"{service}:\n" + "\n".join(lines)


async def test_the_configuration_that_runs_is_what_the_tools_call_right(story: Story) -> None:
    stack: Stack = story.stack
    await stack.compose("exec", "-T", "alertmanager", "amtool", "check-config", "/run/secrets/alertmanager.yml")
    await stack.compose("exec", "-T", "prometheus", "promtool", "check", "config", "/etc/prometheus/prometheus.yml")
