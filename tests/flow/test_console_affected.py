"""Whom an incident touches, as a page and as a sheet; and why one of them was told, or was not."""

import csv
import io
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.console.sessions.roles import Role
from shared.erasing import digest
from shared.settings import Settings
from tests.flow.console_rows import NOW, WHY, there_is
from tests.flow.console_screen import Screen, screen


@pytest.fixture
async def on(fresh_database: Settings) -> AsyncIterator[Screen]:
    async with screen(fresh_database) as it:
        await there_is(it, "incidents", why=WHY)
        await there_is(it, "customers")
        yield it


async def told(on: Screen) -> None:
    await there_is(on, "notifications", why={"recent": 1, "cap": 3}, answer="250 OK")
    await there_is(on, "impact", told_at=NOW - timedelta(minutes=10), notification_id="n-1")


# ── the page ─────────────────────────────────────────────────────────────────────────────────


async def test_it_shows_what_each_was_told_with_the_words_as_sent(on: Screen) -> None:
    await told(on)
    shown = await on.page("/incidents/i-1/affected")
    assert "We are on it already." in shown
    assert "3 events, confirmed" in shown
    assert "/why?customer=c-1&amp;incident=i-1" in shown


async def test_it_says_in_words_why_somebody_was_not_told(on: Screen) -> None:
    await there_is(on, "notifications", status="suppressed", reason="capped", why={"recent": 3, "cap": 3, "per_s": 3600.0})
    await there_is(on, "impact", untold_reason="capped", notification_id="n-1")
    shown = await on.page("/incidents/i-1/affected?show=untold&reason=capped")
    assert "They had been told 3 times already; at most 3 messages in 1 h." in shown
    assert "Ada" not in await on.page("/incidents/i-1/affected?show=told")
    assert "Ada" not in await on.page("/incidents/i-1/affected?show=untold&reason=stale")


async def test_a_viewer_sees_neither_names_nor_words(on: Screen) -> None:
    await told(on)
    for path in ("/incidents/i-1/affected", "/why?customer=c-1&incident=i-1", "/incidents/i-1"):
        shown = await on.page(path, Role.VIEWER)
        assert "Ada" not in shown, path
        assert "We are on it already." not in shown, path


async def test_pages_go_on_until_each_customer_was_shown_once(on: Screen) -> None:
    await on.run(
        "INSERT INTO impact (incident_id, customer_id, certainty, first_seen_at, last_seen_at, count)"
        " SELECT 'i-1', 'k-' || n, 'confirmed', date_trunc('second', now()) - n / 9 * interval '1 s', now(), 1"
        " FROM generate_series(1, 130) n"
    )
    seen: list[str] = []
    path: str | None = "/incidents/i-1/affected"
    while path:
        shown = await on.page(path)
        seen += re.findall(r'href="/customers/(k-\d+)"', shown)
        following = re.search(r'rel="next"[^>]* href="([^"]+)"', shown)
        path = f"/incidents/i-1/affected{following[1].replace('&amp;', '&')}" if following else None
    assert len(seen) == len(set(seen)) == 130


# ── the sheet ────────────────────────────────────────────────────────────────────────────────


async def test_a_lead_gets_all_of_them_as_csv_and_it_is_written_down(on: Screen) -> None:
    await on.run(
        "INSERT INTO impact (incident_id, customer_id, certainty, first_seen_at, last_seen_at, count)"
        " SELECT 'i-1', 'k-' || n, 'confirmed', now(), now(), 1 FROM generate_series(1, 2500) n"
    )
    async with on.seen_by(Role.LEAD, "lea") as browser:
        answer = await browser.get("/incidents/i-1/affected.csv")
    lines = list(csv.reader(io.StringIO(answer.text, newline="")))
    assert answer.headers["content-disposition"] == 'attachment; filename="affected-i-1.csv"'
    assert len(lines) == 2501
    assert len({line[0] for line in lines}) == 2501
    (noted,) = await on.rows("SELECT person, act, subject, after FROM audit")
    assert noted == {"person": "lea", "act": "incident.export", "subject": "incident:i-1", "after": {"rows": 2500}}


async def test_no_cell_is_a_formula(on: Screen) -> None:
    for number, name in enumerate(('=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\t=1", " =1", "a,b\r\nc")):
        await there_is(on, "customers", id=f"k-{number}", name=name)
        await there_is(on, "impact", customer_id=f"k-{number}", first_seen_at=NOW + timedelta(seconds=number))
    async with on.seen_by(Role.LEAD) as browser:
        answer = await browser.get("/incidents/i-1/affected.csv")
    names = [line[1] for line in csv.reader(io.StringIO(answer.text, newline=""))][1:]
    assert names == ['\'=HYPERLINK("http://x")', "'+1", "'-1", "'@SUM(A1)", "'\t=1", "' =1", "a,b\r\nc"]


async def test_an_agent_gets_no_sheet(on: Screen) -> None:
    await on.page("/incidents/i-1/affected.csv", Role.AGENT, 403)
    assert not await on.rows("SELECT FROM audit")


# ── why ──────────────────────────────────────────────────────────────────────────────────────


async def test_the_chain_goes_from_the_event_to_the_providers_answer(on: Screen) -> None:
    await told(on)
    shown = " ".join((await on.page("/why?customer=c-1&incident=i-1")).split())
    said = (
        "3 events of theirs failed on checkout.",
        "The rule checkout-failing opened the incident: 31.2 % of 120 events were bad, of 14 customers, within 1 min; it opens at 20 %",
        "The incident touches them, for certain",
        "They have not said that they do not want to be told.",
        "They had been told 1 of at most 3 times lately.",
        "We are on it already.",
        "The provider took it by email. The provider said: 250 OK",
    )
    assert [words for words in said if words not in shown] == []
    assert sorted(said, key=shown.index) == list(said)


async def test_it_says_why_not_where_the_chain_ended(on: Screen) -> None:
    await there_is(on, "impact", untold_reason="stale", notification_id="n-1")
    await there_is(on, "notifications", status="suppressed", reason="stale", why={"incident": "resolved"}, subject="", body="")
    shown = await on.page("/why?customer=c-1&incident=i-1")
    assert "The incident was resolved before they could be told." in shown
    assert "Not reached." in shown


async def test_it_says_who_is_only_likely_touched_and_which_alerts_say_so(on: Screen) -> None:
    since = {"name": "Down", "since": "2026-11-24T12:00:05+00:00", "severity": "page", "summary": "no answer <b>", "url": "https://x.org/g"}
    figures = {"firing": 2, "opens_at": {"firing": 1}, "resolves_below": {"firing": 1}, "alerts": [since, {"name": None}]}
    await on.run("UPDATE incidents SET why = $1", figures)
    await there_is(on, "impact", certainty="likely")
    shown = " ".join((await on.page("/why?customer=c-1&incident=i-1")).split())
    assert "They used checkout: 3 events of theirs say so." in shown
    assert "The incident touches them, likely: they used it, and nothing of theirs is known to have failed." in shown
    assert "failed on checkout" not in shown
    shown = " ".join((await on.page("/incidents/i-1")).split())
    assert "alerts that fire" in shown
    assert "since 2026-11-24T12:00:05+00:00, page, no answer &lt;b&gt;, https://x.org/g" in shown
    assert "alert without a name" in shown


async def test_it_says_that_no_event_of_theirs_failed(on: Screen) -> None:
    assert "no event of theirs failed on checkout" in await on.page("/why?customer=c-9&incident=i-1")


async def test_it_says_that_nothing_is_decided_yet_and_that_the_incident_ended_before(on: Screen) -> None:
    await there_is(on, "impact")
    assert "nothing is decided about them" in await on.page("/why?customer=c-1&incident=i-1")
    await on.run("UPDATE incidents SET status = 'resolved', ended_at = now()")
    assert "the incident had ended before anything was decided" in await on.page("/why?customer=c-1&incident=i-1")


async def test_of_an_erased_customer_it_says_nothing_else(on: Screen) -> None:
    await on.run("INSERT INTO erasures (customer, erased_at, fact, rows) VALUES ($1, now(), 'f', '{}')", digest("c-gone"))
    shown = await on.page("/why?customer=c-gone&incident=i-1")
    assert "asked to be forgotten" in shown


async def test_a_message_about_no_incident_has_a_chain_too(on: Screen) -> None:
    await there_is(on, "tickets")
    await there_is(
        on, "notifications", kind="reply", incident_id=None, ticket_id="t-1", status="failed", reason="expired", answer="deferred 451"
    )
    shown = " ".join((await on.page("/why?notification=n-1")).split())
    assert "It is a reply to what they asked, which needs no consent." in shown
    assert "The last try: the server said: not now. The provider said: 451" in shown
    await on.page("/why?notification=none", status=404)
    assert "Name a customer" in await on.page("/why")


async def test_filters_of_affected_customers_are_the_reasons_that_there_are(on: Screen) -> None:
    await there_is(on, "impact", untold_reason="capped")
    every = await on.page("/incidents/i-1/affected")
    assert ("reason=capped" in every, "reason=stale" in every) == (True, False)
    assert "reason=stale" in await on.page("/incidents/i-1/affected?show=untold&reason=stale")
