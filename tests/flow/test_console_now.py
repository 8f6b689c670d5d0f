"""Now: what is going on, on one screen."""

import re

from services.console.sessions.roles import Role
from shared.settings import Settings
from tests.builders import NOON
from tests.flow.console_screen import screen
from tests.flow.console_story import PAY, hear, suspected, tell


async def test_it_says_that_no_incident_is_open(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on, on.seen_by(Role.VIEWER) as browser:
        answer = await browser.get("/")
    assert answer.status_code == 200
    assert "No incident is open." in answer.text


async def test_candidates_that_wait_are_counted_with_the_way_to_them(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on, on.seen_by(Role.VIEWER) as browser:
        assert _candidates((await browser.get("/")).text) == "0"
        await tell(on.database)
        assert _candidates((await browser.get("/")).text) == "1"
        # an older revision that comes late changes nothing; once it is dealt with, none waits
        async with on.database.transaction() as tx:
            await hear(tx, [suspected(PAY, "pay", NOON, 9, status="dismissed", by="grace", revision=3)])
            await hear(tx, [suspected(PAY, "pay", NOON, 8, revision=2)])
        assert _candidates((await browser.get("/")).text) == "0"


def _candidates(text: str) -> str:
    [row] = re.findall(r'<th scope="row"><a href="/rules#candidates">Candidates</a>.*?<td class="number">(.*?)</td>', text)
    return str(row)


async def test_nobody_sees_it_without_signing_in(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on, on.seen_by(None) as browser:
        answer = await browser.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
