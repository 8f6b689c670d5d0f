"""The operator runs two of each service by lines in .env, and restores a backup in another clone."""

import os
from contextlib import chdir
from pathlib import Path

from deploy.services import NAMES
from tests.compose import restoring
from tests.compose.day.handbook import Handbook, add
from tests.compose.day.today import RUN, Day, Found
from tests.compose.day.upstream import Upstream
from tests.compose.replicas import UP
from tests.compose.running import Running, asked
from tests.e2e.shop import until

ELSEWHERE = "forewarn-day-elsewhere"
BACKUPS, THAT_DAY = "/backups/forewarn-$(date +%F)", "/backups/forewarn-2026-11-26"


async def two_of_each(day: Day) -> Found:
    """Scales by the page's lines in .env: two of each are healthy, and Prometheus and the command line see them."""
    lines = [each for each in day.operator.written if each.startswith("FOREWARN_") and ("_REPLICAS=" in each or "_PORTS=" in each)]
    add(Path(".env"), "\n".join(["", *lines, ""]))
    await day.operator.does("docker compose up --wait")
    streams = await day.operator.does(f"{RUN} streams")
    assert all(f"{name} x2" in streams for name in NAMES), streams
    await until(_prometheus_has_two_of_each, "Prometheus has two of each", seconds=60)
    day.stack.urls = (await Running.found()).urls
    day.shop.at = day.stack.reached()
    return {"replicas": dict.fromkeys(NAMES, 2)}


async def _prometheus_has_two_of_each() -> bool:
    return {service: int(count) for [service], count in (await asked(UP)).items()} == dict.fromkeys(NAMES, 2)


async def backs_up(day: Day) -> Found:
    """Makes a backup, and plays what happens after it and is lost."""
    to = day.folder / "backup"
    day.before = await restoring.left_behind(day.shop, lambda: day.operator.does(f"deploy/backup {BACKUPS}", (BACKUPS, str(to))))
    return {"backup": sorted(each.name for each in to.iterdir())}


async def elsewhere(operator: Handbook, upstream: Upstream, folder: Path, before: Found) -> Found:
    """Restores the backup in another clone with volumes of its own, which goes on where it stood."""
    os.environ["COMPOSE_PROJECT_NAME"] = ELSEWHERE
    with chdir(await upstream.cloned(operator, "elsewhere")):
        there = (THAT_DAY, str(folder / "backup"))
        await operator.does(f"cp {THAT_DAY}/env .env", there)
        await operator.does(f"tar -C config -xf {THAT_DAY}/config.tar", there)
        await operator.does(f"deploy/restore {THAT_DAY}", there)
        await operator.does("docker compose up --wait")
        return await restoring.life_after(await Running.found(), before)
