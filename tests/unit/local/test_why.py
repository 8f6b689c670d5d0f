"""`forewarn why` tells the chain from the rule to the mailbox, of what monitor and notifier answer."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException

from deploy.local.processes import ROOT
from deploy.local.why import why_on
from services.monitor.api.why import WhyView
from shared.service import Service
from shared.settings import Settings
from tests.flow.notifier_consent import CONSOLE, small_stage, touch
from tests.flow.notifier_stage import MINUTE, Stage, impact, resolved
from tests.flow.test_streams import serving

NOWHERE = "http://127.0.0.1:1"


class Monitor(Service):
    """Answers as monitor does, of one incident that touches one customer who has two names."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/v1/why")
        async def why(customer: str, incident: str) -> WhyView:
            self.asked.append((customer, incident))
            if incident != "i-1":
                raise HTTPException(404)
            judged: dict[str, Any] = {
                "rule": "checkout-failing",
                "rule_version": "0123456789ab",
                "component": "checkout",
                "merged_into": None,
            }
            words = "3 events of theirs failed."
            return WhyView(
                customer_id="c-1" if customer == "ada@crm" else customer,
                incident_id=incident,
                touched=True,
                because="confirmed",
                words=words,
                evidence={"count": 3},
                **judged,
            )

        return app


@pytest.fixture
async def on(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Stage]:
    async with small_stage(fresh_database, tmp_path) as it:
        await touch(it, "c-1")
        yield it


async def test_the_chain_is_told_in_order_as_it_is_typed(on: Stage) -> None:
    await on.loop.advance(MINUTE)
    await on.hear(resolved(on.now, revision=1))
    monitor = Monitor()
    async with serving(monitor) as asks, serving(on.service) as url:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "deploy.local.cli", "why", "i-1", "ada@crm"),
            cwd=ROOT,
            env={"FOREWARN_MONITOR_URL": asks, "FOREWARN_NOTIFIER_URL": url, "FOREWARN_OPERATOR_TOKEN": CONSOLE},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said = (await process.communicate())[0].decode()
    assert process.returncode == 0, said
    assert monitor.asked == [("ada@crm", "i-1")]
    chain = [
        *("monitor: the incident touches them (confirmed)", "3 events of theirs failed.", "rule checkout-failing, version 0123456789ab"),
        *("notifier: They were told.", "resolved, severity high", "  opened: delivered", "decided by notifications.yml, version "),
        *(
            "consent: they have not said no",
            "told 0 of at most 3 times lately",
            "email to c•••@example.org: delivered, 1 try",
            "  resolved: delivered",
        ),
    ]
    places = [said.find(each) for each in chain]
    assert -1 not in places, said
    assert places == sorted(places)


async def test_machines_get_both_answers_as_one_line(on: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    async with serving(Monitor()) as asks, serving(on.service) as url:
        assert await why_on(asks, url, CONSOLE, "i-1", "ada@crm", as_json=True) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["customer_id"], said["monitor"]["evidence"], said["notifier"]["because"]) == ("c-1", {"count": 3}, "told")
    assert said["notifier"]["notifications"][0]["attempts"][0]["outcome"] == "delivered"


async def test_what_one_does_not_know_or_answer_is_said_beside_what_the_other_says(on: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    async with serving(Monitor()) as asks, serving(on.service) as url:
        assert await why_on(NOWHERE, url, CONSOLE, "i-1", "c-1") == 1
        assert f"{NOWHERE} does not answer" in (one_is_away := capsys.readouterr().out)
        assert "notifier: They were told." in one_is_away
        assert await why_on(asks, url, CONSOLE, "i-9", "c-1") == 1
        assert capsys.readouterr().out == "monitor knows no such incident\nnotifier knows no such incident\n"
        assert await why_on(asks, url, "wrong", "i-1", "c-1", as_json=True) == 1
        assert "does not know this token" in capsys.readouterr().err


async def test_why_not_is_said_with_its_figures_and_what_is_waited_for(on: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    await on.know("c-9", consent={"incident": False})
    await on.hear(impact(on.now, "c-9", chunk=1))
    for number in range(2, 5):
        await touch(on, "c-1", incident_id=f"i-{number}")
    async with serving(Monitor()) as asks, serving(on.service) as url:
        assert await why_on(asks, url, CONSOLE, "i-4", "c-1") == 0
        said = capsys.readouterr().out
        assert "monitor knows no such incident\nnotifier: They are not told yet." in said
        assert "A switch is thrown (rule checkout-failing, brake), by forewarn. Looked at again by " in said
        assert await why_on(asks, url, CONSOLE, "i-1", "c-9") == 0
    assert "They do not want to be told of incidents, as the directory of customers says." in capsys.readouterr().out
