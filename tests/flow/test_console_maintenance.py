"""The page of maintenance: what monitor has announced, and an operator who announces some and calls it off, once."""

from html import escape

from services.console.acting.acts import Owner
from services.console.hearing.incidents import on_incidents
from services.console.sessions.roles import Role
from shared.events import MaintenanceStarted
from shared.http.problems import Problem
from shared.settings import Settings
from tests.flow.console_owner import FakeOwner
from tests.flow.console_rows import NOW
from tests.flow.console_screen import screen

ITEM = {
    "id": "m-1",
    "title": "<b>We move</b>",
    "text": "Payments may take longer.",
    "components": ["checkout"],
    "status": "planned",
    "starts_at": "2026-11-29T01:30:00Z",
    "ends_at": "2026-11-29T03:30:00Z",
    "repeat": "FREQ=WEEKLY",
    "zone": "Europe/Berlin",
    "muted": 7,
    "by": "ada",
}
FORM = {"form_id": "form-0001", "title": "We move", "starts_at": "2030-01-06T02:30", "ends_at": "2030-01-06T04:30", "zone": "Europe/Berlin"}


async def test_an_operator_announces_maintenance_and_calls_it_off_once_and_others_look_on(fresh_database: Settings) -> None:
    owner = FakeOwner()
    owner.answer = {"items": [ITEM, ITEM | {"id": "m-2", "status": "over"}], "id": "m-3", "status": "planned"}
    async with screen(fresh_database) as on:
        owner.asked_by(on, Owner.MONITOR)
        async with on.seen_by(Role.OPERATOR) as browser:
            text = (await browser.get("/maintenance")).text
            announced = [(await browser.post("/maintenance/announce", data=FORM)).status_code for _ in range(2)]
            off = await browser.post("/maintenance/cancel", data={"form_id": "form-0002", "maintenance_id": "m-1"})
            wrong = await browser.post("/maintenance/announce", data=FORM | {"form_id": "form-0003", "zone": "Atlantis"})
            owner.problem = Problem(422, "it does not fit", errors=[{"at": "body", "why": "repeat: FREQ cannot be that"}])
            refused = await browser.post("/maintenance/announce", data=FORM | {"form_id": "form-0004", "repeat": "FREQ=HOURLY"})
        acts = await on.rows("SELECT act, subject, outcome FROM audit ORDER BY id")
        async with on.seen_by(Role.LEAD) as browser:
            seen = await browser.get("/maintenance")
            forbidden = await browser.post("/maintenance/cancel", data={"form_id": "form-0005", "maintenance_id": "m-1"})
        said = MaintenanceStarted.Data(maintenance_id="m-1", title="t", starts_at=NOW, ends_at=NOW)
        async with on.database.transaction() as tx:
            await on_incidents(tx, [MaintenanceStarted.of(said, subject="m-1", at=NOW)])
        changes = await on.rows("SELECT key FROM changes")
    # It lists what monitor says, as text, and lets the one be called off that is not over
    assert escape(str(ITEM["title"])) in text
    assert text.count(">Call off<") == 1
    assert "2026-11-29 01:30:00 UTC" in text
    # Both acts reach monitor once
    asked = [each for each in owner.asked if each["method"] == "POST"]
    assert (announced, off.status_code) == ([303, 303], 303)
    assert [each["path"] for each in asked] == ["/v1/maintenance", "/v1/maintenance/m-1/cancel"]
    assert asked[0]["body"]["starts_at"] == "2030-01-06T02:30:00+01:00"
    assert [each["act"] for each in acts[:2]] == ["maintenance.announce", "maintenance.cancel"]
    # What is refused is said, and what was typed is kept
    for answer, why in ((wrong, "There is no such zone"), (refused, "FREQ cannot be that")):
        assert (answer.status_code, why in answer.text, 'value="We move"' in answer.text) == (422, True, True), why
    # Others look on: monitor is away by now, which is said
    assert "monitor does not answer" in seen.text
    assert "Announce maintenance" not in seen.text
    assert forbidden.status_code == 403
    # and a fact has open pages ask again
    assert {"key": "maintenance"} in changes


async def test_a_version_of_monitor_that_says_less_leaves_gaps_and_no_error(fresh_database: Settings) -> None:
    owner = FakeOwner()
    owner.answer = {"items": [{}, {"components": "all", "muted": "many"}], "sources": [{"reasons": [{}]}], "rules": [{}]}
    async with screen(fresh_database) as on:
        owner.asked_by(on, Owner.MONITOR)
        async with on.seen_by(Role.OPERATOR) as browser:
            pages = {path: (await browser.get(path)).status_code for path in ("/maintenance", "/sources", "/rules", "/risks")}
    assert set(pages.values()) == {200}, pages
