"""A customer's data is given out and erased; dead letters are looked at before and sent back after."""

import asyncio
import json
import time
from pathlib import Path

from deploy.services import NAMES
from shared.events import Topic
from tests.compose.day import forgotten
from tests.compose.day.handbook import written
from tests.compose.day.today import ADDRESS, ANSWERED, ASKED, BROKEN, NAME, RUN, WHO, Day, Found
from tests.e2e.shop import until

SOUGHT = forgotten.Sought([each.lower() for each in (NAME, ADDRESS, f"{WHO}@example.org", ASKED, ANSWERED, f"{BROKEN} for {WHO}")], [WHO])
GONE_AFTER_S = 30.0


async def looks_in(day: Day) -> Found:
    """Looks at the dead letters: a bad record of the customer's and one of another's are shown."""
    for customer in (WHO, "c-2"):
        await day.shop.kafka.send_and_wait(Topic.PRODUCT_EVENTS, f"{BROKEN} for {customer}".encode(), key=customer.encode())
    await day.shop.say(Topic.SUPPORT_REQUESTS, "forewarn.support.requested.v1", WHO, {"channel": "form", "body": [ASKED]})
    await until(lambda: _listed(day, 2), "both are dead letters", seconds=30)
    shown = await day.operator.does(f"{RUN} dlq show {Topic.PRODUCT_EVENTS}")
    assert f"{BROKEN} for {WHO}" in shown, shown
    said = await day.operator.does(f"{RUN} dlq redrive {Topic.PRODUCT_EVENTS} --dry-run")
    assert "2 dead letters would go back" in said, said
    streams = await day.operator.does(f"{RUN} streams")
    assert all(name in streams for name in NAMES), streams
    assert "no work is put aside" in await day.operator.does(f"{RUN} due")
    return {"shown": shown.count(".dlq partition ")}


async def forgets_a_customer(day: Day) -> Found:
    """Erases a customer: the export has every word of theirs; the erasure says per service what was deleted."""
    theirs = ("c-17", WHO)
    await day.operator.does("docker compose run --rm -T forewarn customer export c-17 > c-17.json", theirs)
    exported = written(Path(f"{WHO}.json"))
    _, telling = await forgotten.in_rest(day.shop, SOUGHT)
    for word in (NAME, ADDRESS, ASKED, ANSWERED):
        assert word in exported, f"the export lacks {word}"
        assert any(word.lower() in each for each in telling), f"no answer has {word} even before the erasure"
    assert json.loads(exported)["services"].keys() == {*NAMES}
    said = await day.operator.does(f"{RUN} customer erase c-17", theirs, given=f"{WHO}\n")
    day.erased_at = time.monotonic()
    rows = {name: [line.split(maxsplit=2)[1:] for line in said.splitlines() if line.startswith(f"{name} ")] for name in NAMES}
    assert all(rows.values()), said
    return {"exported_bytes": len(exported), "erased": {name: sum(int(count) for count, _ in found) for name, found in rows.items()}}


async def redrives(day: Day) -> Found:
    """Redrives the letters: the other customer's record goes back, and is bad again; that of the erased one stays."""
    said = await day.operator.does(f"{RUN} dlq redrive {Topic.PRODUCT_EVENTS} --reason not_json")
    assert "1 dead letters went back" in said, said
    assert "1 stay: their customers were erased" in said, said
    await until(lambda: _listed(day, 3), "what was sent back is a dead letter again", seconds=30)
    return {"redriven": 1}


async def nothing_is_left(day: Day) -> Found:
    """Looks everywhere: half a minute after the erasure no answer, log line or dead letter shown has a word of theirs."""
    await asyncio.sleep(max(day.erased_at + GONE_AFTER_S - time.monotonic(), 0))
    looked = {
        "answers": await forgotten.in_rest(day.shop, SOUGHT),
        "log_lines": await forgotten.in_logs(SOUGHT),
        "dead_letters": await forgotten.in_dead_letters(day.operator, SOUGHT),
    }
    told = {where: telling for where, (_, telling) in looked.items() if telling}
    assert not told, f"{WHO} is still told of: {told}"
    return {"forgotten_in": {where: count for where, (count, _) in looked.items()}}


async def _listed(day: Day, count: int) -> bool:
    return f"not_json {count}" in " ".join((await day.operator.does(f"{RUN} dlq list")).split())
