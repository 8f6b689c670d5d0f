"""The pages of every service: `/` leads somewhere, and `/docs` shows the API to whoever has no internet and no token."""

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import httpx2
import pytest

from shared.http import documentation
from shared.http.front import LINKS
from shared.service import Service
from tests.unit.shared.served import settings

pytestmark = pytest.mark.asyncio

ABOUT = "Finds <what> is wrong & for whom."


async def ask(path: str, **headers: str) -> httpx2.Response:
    """Returns what a service in production answers to somebody without a token."""
    app = Service("monitor", settings(), None, about=ABOUT).app()  # type: ignore[arg-type]  # no page asks for the database
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://service") as client:
        return await client.get(path, headers=headers)


class Addresses(HTMLParser):
    """The addresses that a page loads, or leads to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:  # noqa: ARG002  its parent names it
        self.found += [value for name, value in attrs if name in ("href", "src")]


# ── / ────────────────────────────────────────────────────────────────────────────────────────


async def test_a_browser_reads_what_the_service_is_and_every_link_leads_somewhere() -> None:
    page = await ask("/", accept="text/html,application/xhtml+xml,*/*;q=0.8")
    assert page.headers["content-type"].startswith("text/html")
    assert "<h1>Forewarn monitor</h1><p>Finds &lt;what&gt; is wrong &amp; for whom.</p>" in page.text
    assert Addresses(page.text).found == list(LINKS)
    for path in LINKS.keys() - {"readyz"}:  # that one asks the database
        assert (await ask(f"/{path}")).status_code == 200, path


async def test_the_pages_policy_lets_in_the_style_that_it_has() -> None:
    page = await ask("/", accept="text/html")
    [style] = re.findall("<style>(.*)</style>", page.text)
    assert f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'" in page.headers["content-security-policy"]


@pytest.mark.parametrize("accept", ["application/json", "*/*", ""])
async def test_everybody_else_reads_the_same_as_json(accept: str) -> None:
    answer = await ask("/", accept=accept)
    assert answer.json() == {"title": "Forewarn monitor", "about": ABOUT, "links": {path: f"/{path}" for path in LINKS}}
    assert answer.headers["vary"] == "Accept"


# ── /docs ────────────────────────────────────────────────────────────────────────────────────


async def test_the_documentation_loads_nothing_from_elsewhere() -> None:
    page, start = await ask("/docs"), await ask("/docs/start.js")
    addresses = Addresses(page.text).found
    assert {f"/{address}" for address in addresses} == documentation.PATHS - {"/docs", "/openapi.json"}
    assert not re.search(r"https?:|//[a-z]", page.text + start.text.replace("// else", ""))
    assert 'url: "openapi.json"' in start.text
    assert "validatorUrl: null" in start.text
    policy = page.headers["content-security-policy"]
    assert set(re.findall(r"'[^']+'|\S+:", policy)) == {"'none'", "'self'", "data:"}
    assert not re.search(r"<style|<script(?! src)| style=| on\w+=", page.text)  # the policy would refuse it


@pytest.mark.parametrize("name", documentation.ASSETS)
async def test_swagger_uis_files_come_as_the_package_has_them(name: str) -> None:
    answer = await ask(f"/docs/{name}")
    assert answer.content == files("fastapi_swagger.resources").joinpath(name).read_bytes()
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < 1 << 20


async def test_what_the_api_offers_names_its_routes_and_who_may_call_them() -> None:
    described = (await ask("/openapi.json")).json()
    assert described["info"]["description"] == ABOUT
    assert described["paths"]["/v1/due"]["get"]["security"]
    assert not documentation.PATHS & described["paths"].keys()
