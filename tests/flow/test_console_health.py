"""Health says how each service is, what waits and what was delivered; the audit log says who did what."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from services.console.hearing.streams import streams
from services.console.sessions.roles import Role
from services.console.store import audit, letters
from shared.settings import Settings
from tests.builders import NOON
from tests.fakes import Clock
from tests.flow.console_screen import screen
from tests.flow.console_story import CHECKOUT, tell


async def test_services_that_do_not_answer_are_said_so_and_the_rest_is_shown(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on, on.seen_by(Role.VIEWER) as browser:
        async with on.database.transaction() as tx:
            await letters.keep(tx, [letters.Row("tickets.v1", 3, 2, None, {"not_json": 2})])
        await on.run(
            "INSERT INTO notifications (id, customer_id, kind, status, at) VALUES ('n', 'c', 'opened', 'delivered', clock()),"
            " ('o', 'c', 'opened', 'failed', clock() - interval '25 hours')"
        )
        answer = await browser.get("/health")
    assert answer.status_code == 200
    assert len(re.findall("> ?(?:cannot be reached|did not answer)<", answer.text)) == 3
    assert "2 not json" in answer.text
    assert ("delivered" in answer.text, 'data-state="failed">failed' in answer.text) == (True, False)


async def test_deliveries_are_those_of_the_last_24_hours_to_the_moment(fresh_database: Settings) -> None:
    now = NOON + timedelta(seconds=30)
    await Clock(fresh_database, ["console"]).set(now)
    ages = {"before": 10, "from-then-on": 0, "in-that-minute": -10, "a-minute-later": -60, "now": -86400}  # seconds more than a day
    async with screen(fresh_database) as on, on.seen_by(Role.VIEWER) as browser:
        for name, age in ages.items():
            await on.run(
                "INSERT INTO notifications (id, customer_id, kind, status, channel, at) VALUES ($1, 'c', 'opened', $1, 'email', $2)",
                name,
                now - timedelta(days=1, seconds=age),
            )
        text = (await browser.get("/health")).text
    assert {name for name in ages if f'data-state="{name}"' in text} == ages.keys() - {"before"}


async def test_only_operators_see_letters_and_release_streams(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on, on.seen_by(Role.LEAD) as browser:
        assert (await browser.get("/health/letters/tickets.v1")).status_code == 403
        assert (await browser.post("/health/release", data={"service": "monitor", "topic": "tickets.v1"})).status_code == 403


async def test_nothing_is_sent_back_to_another_systems_topic(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on, on.seen_by(Role.OPERATOR) as browser:
        answer = await browser.post("/health/letters/shop.orders/redrive", data={"chosen": "0-1", "form_id": "form-0001"})
    assert answer.status_code == 409
    assert "shop.orders is another system’s topic" in answer.text or "shop.orders is another system&#39;s topic" in answer.text
    assert "Send the chosen letters back" not in answer.text


async def test_a_release_that_nobody_answers_is_refused_in_words(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on, on.seen_by(Role.OPERATOR) as browser:
        answer = await browser.post("/health/release", data={"service": "monitor", "topic": "incidents.v1", "form_id": "form-0001"})
    assert answer.status_code == 503
    assert 'role="alert"' in answer.text


async def test_the_audit_log_lists_acts_and_filters_them(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on, on.seen_by(Role.LEAD) as browser:
        for person in ("ada", "bob"):
            async with on.database.transaction() as tx:
                await audit.record(tx, audit.Entry(person, "lead", "incident.dismiss", f"incident:{person}"))
        every, hers = await browser.get("/audit"), await browser.get("/audit?person=ada")
    assert ("incident:ada" in every.text, "incident:bob" in every.text) == (True, True)
    assert ("incident:ada" in hers.text, "incident:bob" in hers.text) == (True, False)


async def test_agents_do_not_read_the_audit_log(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on, on.seen_by(Role.AGENT) as browser:
        assert (await browser.get("/audit")).status_code == 403


BRAKE = """INSERT INTO brakes (stream, topic, partition, reasons, samples) VALUES ('console', 'tickets.v1', 0, '{"not_json": 9}', '[]')"""
RELEASE = {"service": "console", "topic": "tickets.v1", "form_id": "form-0001"}


async def test_the_consoles_own_streams_are_shown_and_released(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on, on.seen_by(Role.OPERATOR) as browser:
        on.app.state.streams = tuple(streams(on.database))
        await on.run(BRAKE)
        before = (await browser.get("/health")).text
        released, again = await browser.post("/health/release", data=RELEASE), await browser.post("/health/release", data=RELEASE)
        await on.run("DELETE FROM brakes")
        off = await browser.post("/health/release", data=RELEASE | {"form_id": "form-0002"})
        acts = await on.rows("SELECT act, outcome, after FROM audit ORDER BY id")
    part = before[before.index("console ") : before.index("monitor ")]
    assert all(f"<td>{stream.topic}</td>" in part for stream in on.app.state.streams)
    assert ("stopped by the brake" in part, "9</span>" in part or "9 not json" in part) == (True, True)
    assert (released.status_code, again.status_code, off.status_code) == (303, 303, 409)
    assert "The brake of tickets.v1 is not on." in off.text
    assert acts[0] == {"act": "console.release", "outcome": "done", "after": {"topic": "tickets.v1", "partitions": 1}}
    assert len(acts) == 2


async def test_due_work_says_how_far_behind_it_is(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on, on.seen_by(Role.VIEWER) as browser:
        await on.run(
            "INSERT INTO due (kind, ref, due_at, ready_at) SELECT kind, n::text, at, at FROM generate_series(1, 3) n,"
            " (VALUES ('measure_period', clock() - interval '5 minutes'), ('sweep_acts', clock() + interval '1 hour')) AS k (kind, at)"
        )
        text = (await browser.get("/health")).text
    assert "3 of measure period are due; the oldest became due" in text
    assert "5 min ago" in text
    assert "sweep acts" not in text


async def test_the_audit_log_names_tickets_and_incidents_and_says_what_changed(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on, on.seen_by(Role.LEAD) as browser:
        await tell(on.database)
        acts: list[dict[str, Any]] = [
            {
                "act": "ticket.assign",
                "subject": "ticket:t-1001",
                "before": {"assignee": None, "status": "open"},
                "after": {"assignee": "bob"},
            },
            {"act": "incident.dismiss", "subject": f"incident:{CHECKOUT}", "before": {"status": "open"}, "after": {"status": "dismissed"}},
            {"act": "ticket.resolve", "subject": "ticket:t-1002", "before": {"status": "open"}, "outcome": "refused: It is closed."},
        ]
        async with on.database.transaction() as tx:
            for each in acts:
                await audit.record(tx, audit.Entry("ada", "lead", **each))
        text = " ".join((await browser.get("/audit")).text.split())
    assert ">#1001</a>" in text
    assert ">checkout is failing</a>" in text
    assert "assignee none → bob" in text
    assert "status open → dismissed" in text
    assert "It is closed." in text
    assert "None" not in text


async def test_health_counts_the_tokens_of_callers_by_role(fresh_database: Settings, tmp_path: Path) -> None:
    file = tmp_path / "tokens.yml"
    soon, past = "2999-01-01T00:00:00Z", "2020-01-01T00:00:00Z"
    tokens = [f"{{sha256: {'ab' * 31}{n:02d}, created_at: {past}, ends_at: {ends}}}" for n, ends in enumerate(("null", soon, past))]
    file.write_text(f"callers:\n  shop: {{role: producer, tokens: [{', '.join(tokens)}]}}\n")
    async with screen(fresh_database.model_copy(update={"tokens_file": str(file)})) as on, on.seen_by(Role.VIEWER) as browser:
        text = " ".join((await browser.get("/health")).text.split())
    assert re.search(r"<dt>producer</dt><dd>2 <span class=\"quiet\">of 1 caller; the next ends .*?; 1 ended</span>", text)
