"""Two of each service, set up by variables alone: `python -m tests.compose.replicas --quiet 300` prints a line of JSON.

Each has its part of every topic and nothing moves; Prometheus and `forewarn streams` see all of them; one of each is killed while
customers are being told, and everybody is told once: only a mail that was under way then may come again, with the same Message-ID.
Who signs in to one console is signed in to the other, and both show the same.
It builds and starts a stack of its own and removes it.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections import Counter
from typing import Any
from uuid import uuid4

from deploy import topics
from deploy.services import NAMES, SERVICES
from services.notifier.lanes import AT_ONCE, DELIVERY
from tests.compose.entering import Entered, entered, shown
from tests.compose.running import Running, asked, compose, output, published
from tests.e2e.shop import Shop, until

PROJECT = "forewarn-replicas"
REPLICAS = 2
CUSTOMERS = 200
PERSON = "ada"  # signed in to the console
UP_S = 240
SEEN = 10  # mails there must be before one of each service is killed
UNDER_WAY = AT_ONCE[DELIVERY]  # mails of one notifier: these may come again, with the same Message-ID (docs/decisions/0008)

ENVIRONMENT = {
    "COMPOSE_PROJECT_NAME": PROJECT,
    "FOREWARN_PUBLIC_PORTS": "8401-8409",
    **{f"FOREWARN_{name.upper()}_REPLICAS": str(REPLICAS) for name in NAMES},
    **{f"FOREWARN_{spec.name.upper()}_PORTS": f"{8100 + 100 * number}-{8109 + 100 * number}" for number, spec in enumerate(SERVICES)},
}

PARTITIONS = "sum by (service, topic) (forewarn_assigned_partitions)"
MEMBERS = "count by (service, topic) (forewarn_assigned_partitions > 0)"
ASSIGNMENTS = "sum by (service, topic) (forewarn_assignments_total)"
UP = 'count by (service) (up{job="forewarn"} == 1)'

Found = dict[str, Any]


async def every_replica_has_its_part(quiet_s: float) -> Found:
    """Looks who reads what. Raises TimeoutError or AssertionError when a partition has no reader, or moves within the quiet time."""
    await until(_shared_out, "every partition of every topic is assigned, and each replica has some", seconds=90)
    before = await asked(ASSIGNMENTS)
    await asyncio.sleep(quiet_s)
    moved = {"/".join(key): value - before.get(key, 0.0) for key, value in (await asked(ASSIGNMENTS)).items()}
    assert not any(moved.values()), f"assignments within {quiet_s:.0f} s: {moved}"
    return {"quiet_s": quiet_s, "assignments_when_quiet": sum(moved.values()), "assignments_before": sum(before.values())}


async def _shared_out() -> bool:
    wanted = topics.read()
    partitions, members = await asked(PARTITIONS), await asked(MEMBERS)
    return (
        {service for service, _ in partitions} == {*NAMES}
        and all(held == wanted[topic].partitions for (_, topic), held in partitions.items())
        and all(readers == min(REPLICAS, wanted[topic].partitions) for (_, topic), readers in members.items())
        and members.keys() == partitions.keys()
    )


async def everybody_sees_all_of_them() -> Found:
    """Prometheus has each replica as a target; the command line asks each and shows them as one."""
    up = {service: int(count) for [service], count in (await asked(UP)).items()}
    assert up == dict.fromkeys(NAMES, REPLICAS), f"targets that answer: {up}"
    said = await compose("run", "--rm", "-T", "forewarn", "streams")
    shown = {line.partition("  ")[0].strip() for line in said.splitlines()[1:] if line.strip()}
    assert shown == {f"{name} x{REPLICAS}" for name in NAMES}, said
    return {"targets": up, "streams": sorted(shown)}


async def a_session_is_known_to_both() -> Entered:
    """Signs in at one console. Raises AssertionError when the other knows nothing of it."""
    first, *others = [await published("console", 8004, index) for index in range(1, REPLICAS + 1)]
    inside = await entered(first, PERSON)
    unknown = [each for each in others if not await shown(each, inside, "/", PERSON)]
    assert not unknown, f"signed in at {first}, and not at {unknown}"
    return inside


async def one_of_each_dies_while_customers_are_told(stack: Running, inside: Entered) -> Found:
    """Killed with SIGKILL when the first have their mail, and not started again. Everybody is told of the outage and of its end, once."""
    stack.urls = {spec.name: await published(spec.name, spec.port, index=REPLICAS) for spec in SERVICES}
    async with stack.shop(f"two{uuid4().hex[:6]}", CUSTOMERS) as shop:
        component = f"checkout-{shop.name}"
        await shop.fail(component)
        await shop.told("opened", SEEN, seconds=60)
        for index in range(1, REPLICAS + 1):
            console = await published("console", 8004, index)
            await until(lambda at=console: shown(at, inside, "/incidents", component), f"{console} shows the outage", seconds=20)  # type: ignore[misc]
        victims = [(await compose("ps", "--quiet", name)).split() for name in NAMES]
        first = [await _first_of(ids) for ids in victims]
        killed_at, had = time.monotonic(), len(await shop.mails("opened"))
        await output("docker", "kill", *first)
        await shop.told("opened", CUSTOMERS, seconds=90)
        opened_s = time.monotonic() - killed_at
        await _until_it_is_over(shop, component)
        mails = [mail for kind in ("opened", "resolved") for mail in await shop.mails(kind)]
        distinct = {(mail.to, mail.kind, mail.message_id) for mail in mails}
        twice = _twice([(to, kind) for to, kind, _ in distinct])
        again = len(mails) - len(distinct)
        assert not twice, f"told twice, in another mail: {twice}"
        assert again <= UNDER_WAY, f"the same mail came again {again} times, and {UNDER_WAY} at most were under way"
        return {
            "killed": len(first),
            "had_mail_then": had,
            "told": len({mail.to for mail in mails if mail.kind == "opened"}),
            "told_after_s": round(opened_s, 1),
            "all_clear": len({mail.to for mail in mails if mail.kind == "resolved"}),
            "told_twice": twice,
            "same_mail_again": again,
        }


async def _first_of(ids: list[str]) -> str:
    """Returns the container with the number 1 in its name: the other one keeps the ports that are asked."""
    names = {each: await output("docker", "inspect", "--format", "{{.Name}}", each) for each in ids}
    return next(each for each, name in names.items() if name.strip().endswith("-1"))


async def _until_it_is_over(shop: Shop, component: str) -> None:
    serving = asyncio.create_task(shop.serve(component, a_second=40, seconds=90))
    try:
        await shop.told("resolved", CUSTOMERS, seconds=100)
    finally:
        serving.cancel()
    await asyncio.sleep(3)  # a second mail would come now


def _twice(told: list[tuple[str, str | None]]) -> int:
    return sum(count > 1 for count in Counter(told).values())


async def main(quiet_s: float) -> int:
    """Prints what was found. Returns the exit code."""
    os.environ.update(ENVIRONMENT)
    started, found = time.monotonic(), Found()
    try:
        await compose("build", "--quiet")
        await compose("--profile", "observability", "up", "--detach", "--wait", "--wait-timeout", str(UP_S))
        found["up_s"] = round(time.monotonic() - started, 1)
        found |= await every_replica_has_its_part(quiet_s)
        found |= await everybody_sees_all_of_them()
        inside = await a_session_is_known_to_both()
        found |= await one_of_each_dies_while_customers_are_told(await Running.found(), inside)
    except (TimeoutError, RuntimeError, AssertionError) as error:
        found["fell_short"] = str(error)
    finally:
        if "fell_short" in found:
            print(await compose("logs", "--no-color", "--tail", "30", *NAMES, "init"), file=sys.stderr)
        await compose("--profile", "*", "down", "--volumes", "--timeout", "5")
    print(json.dumps({**found, "seconds": round(time.monotonic() - started)}), flush=True)
    return int("fell_short" in found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quiet", type=float, default=60, help="seconds in which no partition may move")
    sys.exit(asyncio.run(main(parser.parse_args().quiet)))
