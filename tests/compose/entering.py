"""Signs in to the console of the stack that runs, as a person does who was given a link; cookies are carried by hand.

A browser sends the session's cookie to http://localhost as well, though it is Secure; Python's cookie jars do not.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2 as httpx

from services.console.sessions.cookies import SESSION
from tests.compose.running import compose

OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}  # what a browser says of a form on a page of the console


@dataclass(frozen=True)
class Entered:
    """Holds what signed a person in, and what keeps them signed in: neither may be seen by anybody else."""

    link: str
    session: str

    @property
    def headers(self) -> dict[str, str]:
        """Returns what a browser sends with each request."""
        return {"Cookie": f"{SESSION}={self.session}", **OWN_PAGE}


async def link_of(person: str, role: str = "operator") -> str:
    """Returns a link that signs them in once, by the command of the handbook."""
    made = await compose("run", "--rm", "-T", "forewarn", "people", "link", person, "--role", role)
    return made.strip().splitlines()[-1]


async def shown(console: str, inside: Entered, path: str, words: str) -> bool:
    """Returns True when somebody who is signed in sees a page with these words at that address."""
    async with httpx.AsyncClient(timeout=20) as http:
        answer = await http.get(console + path, headers=inside.headers)
    return answer.status_code == 200 and words in answer.text


async def entered(console: str, person: str, role: str = "operator") -> Entered:
    """Signs a person in at that address, by a link that is made for them."""
    return await enter(console, await link_of(person, role), person)


async def enter(console: str, link: str, person: str) -> Entered:
    """Signs a person in at that address. Raises AssertionError when the link does not sign in, or does so twice."""
    page = console + urlsplit(link).path
    async with httpx.AsyncClient(timeout=20) as http:
        asked = await http.get(page)
        assert (asked.status_code, person in asked.text) == (200, True), f"the page of the link answers {asked.status_code}"
        came = await http.post(page, headers=OWN_PAGE)
        found = re.search(rf"(?m)^{re.escape(SESSION)}=([^;]+);(.*)$", "\n".join(came.headers.get_list("set-cookie")))
        assert came.status_code == 303, f"the button of the link answers {came.status_code}"
        assert found, "the button of the link gives no session"
        lacking = {"Secure", "HttpOnly", "SameSite=lax", "Path=/"} - {each.strip() for each in found[2].split(";")}
        assert not lacking, f"the session's cookie lacks {lacking}"
        again = await http.post(page, headers=OWN_PAGE)
        assert again.status_code == 404, f"a used link answers {again.status_code}"
    return Entered(link, found[1])
