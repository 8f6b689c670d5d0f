"""The console after the story: `python -m tests.compose.console VERDICT`, where VERDICT is the last line of `forewarn demo`.

Its pages come with their styles and script, a link signs in once, `forewarn report` counts what the story's verdict counted from
outside, and what signed in is in no log and no metric. Prints a line of JSON; needs the compose stack, on which one story was played.
"""

import asyncio
import json
import re
import sys
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

import httpx2 as httpx

from tests.compose.entering import Entered, entered
from tests.compose.running import Running, compose
from tests.e2e.shop import until

PERSON = "ada"
# Measures of the report that the verdict has too, and how far they may differ: a mail and a customer's own may cross.
AGREED = {"affected": 0, "told": 0, "wrote": 0, "coverage": 0.02}
CAUGHT_UP_S = 30
FILES = re.compile(r'(?:href|src)="([^"]*/static/[^"]+)"')

Found = dict[str, Any]


async def pages_come_with_their_files(console: str) -> Found:
    """Asks for what the sign-in page refers to. Raises AssertionError when its styles or its script are not there."""
    async with httpx.AsyncClient(timeout=20) as http:
        page = await http.get(f"{console}/sign-in")
        assert page.status_code == 200, f"the sign-in page answers {page.status_code}"
        files = {path: await http.get(urljoin(f"{console}/", path)) for path in FILES.findall(page.text)}
    sizes = {path.rpartition("/")[2].partition("?")[0]: len(answer.content) for path, answer in files.items() if answer.status_code == 200}
    assert len(sizes) == len(files), f"not all of {sorted(files)} are there: {sizes}"
    assert {"forewarn.css", "forewarn.js"} <= {re.sub(r"[.-][0-9a-f]{8,}(?=\.)", "", name) for name in sizes}, sorted(sizes)
    return {"files": sizes}


async def a_link_signs_in_once(console: str) -> Entered:
    """Returns what signed in. Raises AssertionError when Now is not shown to who has it, or is shown to who has not."""
    inside = await entered(console, PERSON)
    async with httpx.AsyncClient(timeout=20) as http:
        shown, refused = await http.get(console, headers=inside.headers), await http.get(console)
    assert (shown.status_code, PERSON in shown.text) == (200, True), f"Now answers {shown.status_code} to {PERSON}"
    assert refused.status_code == 303, f"Now answers {refused.status_code} to nobody"
    return inside


async def report_agrees(stack: Running, verdict: Mapping[str, Any]) -> Found:
    """Returns the figures that the report and the verdict share. Raises AssertionError when they do not become the same."""
    said, incident = Found(), await _latest_incident(stack)

    async def agrees() -> bool:
        line = await compose("run", "--rm", "-T", "forewarn", "report", "--incident", incident, "--json")
        said.update({name: value for name, value in json.loads(line.strip().splitlines()[-1]).items() if name in AGREED})
        return all(abs(said[name] - verdict[name]) <= apart for name, apart in AGREED.items())

    try:
        await until(agrees, "they agree", seconds=CAUGHT_UP_S)
    except TimeoutError:
        raise AssertionError(f"the report counts {said}, and the story's verdict says {dict(verdict)}") from None
    return said


async def _latest_incident(stack: Running) -> str:
    headers = {"Authorization": f"Bearer {stack.tokens['operator']}"}
    async with httpx.AsyncClient(timeout=20, headers=headers) as http:
        answer = await http.get(f"{stack.urls['monitor']}/v1/incidents", params={"limit": 1})
    answer.raise_for_status()
    return str(answer.json()["items"][0]["id"])


async def nothing_secret_was_said(stack: Running, inside: Entered) -> None:
    """Raises AssertionError when the link or the session is in a log or in the metrics."""
    said = await compose("--profile", "*", "logs", "--no-color")
    async with httpx.AsyncClient(timeout=20) as http:
        for url in stack.urls.values():
            said += (await http.get(f"{url}/metrics")).text
    link = inside.link.rpartition("/")[2]
    assert link not in said, "a link that signs in is in the logs or the metrics"
    assert inside.session not in said, "a session is in the logs or the metrics"


async def main(verdict: Mapping[str, Any]) -> int:
    """Prints what was found. Returns the exit code."""
    started, found = time.monotonic(), Found()
    try:
        stack = await Running.found()
        found |= await pages_come_with_their_files(stack.urls["console"])
        inside = await a_link_signs_in_once(stack.urls["console"])
        found |= {"report": await report_agrees(stack, verdict)}
        await nothing_secret_was_said(stack, inside)
    except (TimeoutError, RuntimeError, AssertionError) as error:
        found["fell_short"] = str(error)
    print(json.dumps({"console": found, "seconds": round(time.monotonic() - started)}), flush=True)
    return int("fell_short" in found)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(json.loads(sys.argv[1]))))
