"""How fast one monitor folds events, exactly once, with one rule, twelve and fifty, against the bare loop on the same topic."""

import asyncio
import sys

import yaml

from bench.monitor.process import run
from bench.monitor.stage import ONE, TWELVE, Stage
from shared.events import Topic

FIFTY = 50


async def measure(stage: Stage) -> dict[str, object]:
    """Returns events a second of monitor and of the bare loop, and what forty-nine rules cost that look at other events."""
    await stage.filled()
    before = await _bare(stage)
    one = await stage.one_rule()
    twelve = await run(await stage.with_rules(TWELVE), stage.said.events)
    print(f"twelve rules: {twelve}", flush=True)
    fifty = await run(await stage.with_rules(of_which_one_matches(FIFTY)), stage.said.events)
    print(f"fifty rules, of which one matches: {fifty}", flush=True)
    bare = (before + await _bare(stage)) / 2
    return {
        "events_per_s": round(one.events_per_s),
        "bare_events_per_s": round(bare),
        "ratio": round(one.events_per_s / bare, 3),
        "ratio_12_rules": round(twelve.events_per_s / bare, 3),
        "cost_50_to_1_rules": round(fifty.cpu_us / one.cpu_us, 3),
    }


def of_which_one_matches(count: int) -> str:
    """Returns a rules file: the one rule, and as many others that are about events of other types."""
    [rule] = yaml.safe_load(ONE)["rules"]
    others = [{**rule, "id": f"other-{number}", "events": [f"com.example.other-{number}"]} for number in range(count - 1)]
    return yaml.safe_dump({"rules": [rule, *others]})


async def _bare(stage: Stage) -> float:
    command = [sys.executable, "-m", "bench.monitor.bare", stage.of.bootstrap, Topic.PRODUCT_EVENTS, str(stage.said.events)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said, _ = await asyncio.wait_for(process.communicate(), 300)
    print(f"bare aiokafka and msgspec: {int(said):,} events a second", flush=True)
    return float(said)
