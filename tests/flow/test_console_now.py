"""Now: what is going on, on one screen."""

from services.console.sessions.roles import Role
from shared.settings import Settings
from tests.flow.console_screen import screen


async def test_it_says_that_no_incident_is_open(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on, on.seen_by(Role.VIEWER) as browser:
        answer = await browser.get("/")
    assert answer.status_code == 200
    assert "No incident is open." in answer.text


async def test_nobody_sees_it_without_signing_in(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on, on.seen_by(None) as browser:
        answer = await browser.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
