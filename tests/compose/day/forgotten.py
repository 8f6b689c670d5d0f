"""Words about an erased customer are looked for wherever they could be read from outside: REST, the log, dead letters shown."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.compose.day.handbook import Handbook
from tests.compose.running import compose
from tests.e2e.shop import Shop

# Values of parameters of which no list says what there is.
OF_NO_LIST: Mapping[str, Sequence[str]] = {"place": ["0", "1", "2"]}
OTHERS_LOGS = ("maildev",)  # a mail server's log names recipients, and is not Forewarn's


@dataclass(frozen=True)
class Sought:
    """The words that must not be found, in lower case, and the customers whose own routes are asked."""

    words: Sequence[str]
    customers: Sequence[str]

    def found_in(self, text: str) -> list[str]:
        """Returns which of the words are in a text, however they are capitalized."""
        return [word for word in self.words if word in text.lower()]


async def in_rest(shop: Shop, sought: Sought) -> tuple[int, list[str]]:
    """Returns how many answers were read, every GET route of every service for everything there is, and those with a word in them."""
    read, telling = 0, []
    for service in shop.at.urls:
        routes = (await shop.get(service, "/openapi.json")).json()["paths"]
        customers = {"customer_id": sought.customers, "name": sought.customers}
        given = {**OF_NO_LIST, **customers, "incident_id": await _ids(shop, "monitor", "/v1/incidents")}
        for route in [route for route, methods in routes.items() if "get" in methods]:
            for path in await _filled(shop, service, route, given):
                async for answer in _pages(shop, service, path):
                    read += 1
                    telling += [f"{service} {path}: {word}" for word in sought.found_in(answer)]
    found = {word: await shop.items("ticketing", "/v1/tickets", q=word) for word in sought.words}
    return read + len(found), telling + [f"the search for {word}" for word, tickets in found.items() if tickets]


async def _filled(shop: Shop, service: str, route: str, given: Mapping[str, Sequence[str]]) -> list[str]:
    """Yields a route with all values of its parameters: those that are given, or the ids of the list that the route begins with."""
    head, brace, tail = route.rpartition("{")
    if not brace:
        return [route]
    name, _, rest = tail.partition("}")
    paths = await _filled(shop, service, head.removesuffix("/"), given)
    return [f"{path}/{value}{rest}" for path in paths for value in (given[name] if name in given else await _ids(shop, service, path))]


async def _ids(shop: Shop, service: str, path: str) -> list[str]:
    return [str(item["id"] if "id" in item else item["number"]) for item in await shop.items(service, path)]


async def _pages(shop: Shop, service: str, path: str) -> AsyncIterator[str]:
    """Yields an answer, and those of the pages behind it."""
    cursor: Any = ""
    while cursor is not None:
        answer = await shop.get(service, path, **({"cursor": cursor} if cursor else {}))
        yield answer.text
        is_list = answer.status_code == 200 and "json" in answer.headers["content-type"]
        cursor = said.get("next") if is_list and isinstance(said := answer.json(), dict) and "items" in said else None


async def in_logs(sought: Sought) -> tuple[int, list[str]]:
    """Returns how many lines every container has logged since it was made, and those with a word in them."""
    containers = [each for each in (await compose("ps", "--services")).split() if each not in OTHERS_LOGS]
    lines = (await compose("logs", "--no-color", *containers)).splitlines()
    return len(lines), [line for line in lines if sought.found_in(line)]


async def in_dead_letters(operator: Handbook, sought: Sought) -> tuple[int, list[str]]:
    """Returns how many dead letters are shown, of every topic that has some, and the lines with a word in them."""
    listed = await operator.does("docker compose run --rm forewarn dlq list")
    topics = sorted({line.split()[0] for line in listed.splitlines()[1:] if line.strip()})
    show = "docker compose run --rm forewarn dlq show product.events.v1"
    shown = [await operator.does(show, ("product.events.v1", f"{topic} --latest 1000")) for topic in topics]
    lines = [line for said in shown for line in said.splitlines()]
    return sum(".dlq partition " in line for line in lines), [line for line in lines if sought.found_in(line)]
