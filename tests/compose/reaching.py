"""Finds who reaches whom in the stack that runs: each part tries a connection to every other, through its own network."""

import asyncio
import json
from typing import Any

from deploy.services import NAMES, SERVICES
from tests.compose.running import Running, compose, output

OURS = [f"{spec.name}:{port}" for spec in SERVICES for port in (spec.port, spec.public_port) if port]
# These parts answer, by name and port.
ADDRESSES = (
    *("postgres:5432", "kafka:19092", *OURS),
    *("maildev:1025", "maildev:1080", "prometheus:9090", "alertmanager:9093", "grafana:3000"),
)
STORES = {"postgres:5432", "kafka:19092"}
MAIL, WATCHING = {"maildev:1025", "maildev:1080"}, {"prometheus:9090", "alertmanager:9093"}
SERVING = {*OURS} | MAIL | WATCHING

MAY: dict[str, set[str]] = {
    "maildev": SERVING,
    "alertmanager": SERVING,
    "prometheus": SERVING | {"grafana:3000"},
    "grafana": {"prometheus:9090", "grafana:3000"},
    "postgres": STORES | {*OURS},
    **dict.fromkeys(NAMES, STORES | SERVING),
}

# Printed as JSON: the addresses that a connection could be made to.
PROBE = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def reached(address):
    host, port = address.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), 2).close()
    except OSError:
        return False
    return True
with ThreadPoolExecutor(20) as pool:
    print(json.dumps([each for each, yes in zip(sys.argv[1:], pool.map(reached, sys.argv[1:])) if yes]))
"""


async def each_part_reaches_what_it_needs_and_no_more(_stack: Running) -> dict[str, Any]:
    """Returns a probe in the network of each running container.

    Raises AssertionError with what it reaches and may not, or does not and must.
    """
    stores = [each for address in sorted(STORES) for each in await _by_number(address)]
    found = dict(zip(MAY, await asyncio.gather(*(_reached_from(service, stores) for service in MAY)), strict=True))
    wrong = {name: sorted(reached ^ MAY[name]) for name, reached in found.items() if reached != MAY[name]}
    assert not wrong, f"reached and not allowed, or allowed and not reached: {wrong}"
    return {name: len(reached) for name, reached in found.items()}


async def _by_number(address: str) -> list[str]:
    """Returns the address by IP, in each network of the container, for whom no name is given."""
    service, port = address.split(":")
    container = (await compose("ps", "--quiet", service)).strip()
    numbers = await output("docker", "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}", container)
    return [f"{number}:{port}" for number in numbers.split()]


async def _reached_from(service: str, stores: list[str]) -> set[str]:
    """Returns what a container of our own image reaches that shares the network of the service's: whatever that image itself can run."""
    container = (await compose("ps", "--quiet", service)).strip()
    quick = ("--env", "RES_OPTIONS=timeout:1 attempts:1")  # a name that is not known here is asked for outside, where nobody may answer
    probe = ("docker", "run", "--rm", *quick, "--network", f"container:{container}", "forewarn:0.1.0", "python", "-c", PROBE)
    reached = set(json.loads(await output(*probe, *ADDRESSES, *stores)))
    return reached - set(stores) if MAY[service] >= STORES else reached
