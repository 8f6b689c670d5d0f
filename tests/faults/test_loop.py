"""The services are killed, stopped, cut off from broker and database, told everything three times, and replayed from the start."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import nullcontext

import httpx2 as httpx
import msgspec
import pytest

from deploy.services import NAMES
from services.console.rebuilding.tables import MODEL
from services.monitor.fold.buckets import StoredCells
from tests.containers import Kafka, Postgres
from tests.faults.episodes import Added
from tests.faults.harm import Harm, Moment
from tests.faults.load import Load, begins, load
from tests.faults.members import Member
from tests.faults.rebuilding import rebuild_killed_in_the_middle
from tests.faults.reckoning import expected, found
from tests.faults.rounds import Run, beside
from tests.faults.sink import sink
from tests.faults.site import within
from tests.faults.stack import TOKEN, Stack, running

pytestmark = [pytest.mark.asyncio, pytest.mark.docker]

EVENTS = 9_000
SPEED = 8.0
MAILS = Moment(kind="opened", mails=20)
STATE = (
    "SELECT * FROM monitor.impact ORDER BY incident_id, customer_id",
    "SELECT id, rule, component, status, started_at, resolved_at, revision FROM monitor.incidents ORDER BY id",
    "SELECT id, status, attempts, settled_at FROM notifier.notifications ORDER BY id",
    "SELECT * FROM notifier.customers ORDER BY id",
    "SELECT id, number, status FROM ticketing.tickets ORDER BY id",
    "SELECT * FROM ticketing.messages ORDER BY id",
    "SELECT * FROM ticketing.links ORDER BY ticket_id, incident_id",
    *(f"SELECT t::text FROM console.{table} t ORDER BY t::text" for table in MODEL),  # noqa: S608
)


@pytest.fixture(scope="module")
async def run(kafka: Kafka, postgres_server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Run]:
    dice = random.Random(1)
    async with (
        sink(lambda: dice.uniform(0, 0.1)) as taking,
        running(kafka, postgres_server, taking, tmp_path_factory.mktemp("loop")) as stack,
    ):
        yield Run(stack)


def story(number: int) -> Load:
    """Returns a story of its own for each test, told from now on."""
    return load(number, EVENTS, begins(SPEED), seed=number, speed=SPEED)


async def state(stack: Stack) -> list[object]:
    """Returns everything the services know that a repetition must not change."""
    return [await counted(stack), *[[tuple(row.values()) for row in await stack.rows(query)] for query in STATE]]


async def counted(stack: Stack) -> dict[tuple[object, ...], tuple[object, ...]]:
    """Returns what monitor has counted, in however many pieces it is stored: an alert that is read again is a state, stored again."""
    found: dict[tuple[object, ...], tuple[object, ...]] = {}
    for row in await stack.rows("SELECT partition, rule, start, cells FROM monitor.fold_cells ORDER BY part"):
        for component, cell in msgspec.msgpack.decode(row["cells"], type=StoredCells).items():
            if cell.total:  # of alerts nothing is counted
                found[row["partition"], row["rule"], row["start"], component] = cell.total, cell.bad, cell.first_bad, cell.customers
    return found


@pytest.mark.parametrize(
    ("number", "names", "when"),
    [(1, ["monitor-a"], Moment(2.0)), (2, ["notifier"], MAILS), (8, ["console", "ticketing"], MAILS)],
    ids=lambda said: "-".join(said) if isinstance(said, list) else str(said),
)
async def test_kill_9_in_the_middle_of_an_incident_leaves_nobody_out_and_tells_nobody_twice(
    run: Run, number: int, names: list[str], when: Moment
) -> None:
    members = [run.stack.members[name] for name in names]

    async def kill(_: Stack) -> Added:
        await asyncio.gather(*(member.kill() for member in members))
        await asyncio.gather(*(member.start() for member in members))
        return Added()

    async with beside(run.stack) if "monitor-a" in names else nullcontext() as others:
        await run.round(story(number), Harm(f"kill -9 {' '.join(names)}", kill), when, others)
    assert run.shortcomings() == []


@pytest.mark.parametrize(("number", "names"), [(3, ["monitor-a"]), (4, ["notifier"]), (5, ["ticketing", "console"])], ids=str)
async def test_sigterm_in_the_middle_of_an_incident_ends_within_ten_seconds_and_repeats_no_mail(
    run: Run, number: int, names: list[str]
) -> None:
    members, repeats = [run.stack.members[name] for name in names], run.stack.sink.same_id_repeats()

    async def stop(_: Stack) -> Added:
        assert max(await asyncio.gather(*(member.terminate() for member in members))) <= 10
        await asyncio.gather(*(member.start() for member in members))
        return Added()

    await run.round(story(number), Harm(f"SIGTERM {' '.join(names)}", stop), MAILS)
    assert run.shortcomings() == []
    assert run.stack.sink.same_id_repeats() == repeats


async def test_a_rebuild_that_is_killed_while_facts_come_in_and_run_again_makes_what_the_topics_say(run: Run) -> None:
    harm = Harm("rebuild, killed and run again", rebuild_killed_in_the_middle)
    await run.round(story(9), harm, MAILS)
    await run.compare()
    assert run.shortcomings() == []


async def test_while_the_broker_is_away_tickets_are_taken_and_their_facts_go_out_when_it_is_back(run: Run) -> None:
    stack = run.stack
    ticketing = stack.members["ticketing"]
    before = memory(ticketing)
    async with stack.kafka.away():
        answers = [await new_ticket(ticketing, f"during-broker-{n}") for n in range(50)]
        await within(20, lambda: says(ticketing, "/readyz", 503), "readyz is red")
        assert await says(ticketing, "/livez", 200)
    seconds = await stack.rests(60, "the backlog is published and read")
    assert [answer.status_code for answer in answers] == [201] * 50
    assert all(member.alive for member in stack.members.values())
    assert memory(ticketing) - before < 50_000_000
    await within(60, stack.ready, "everything is ready again")
    print(f"published and read {seconds:.1f} s after the broker was back")


async def test_while_the_database_is_away_callers_hear_so_at_once_and_no_acknowledged_ticket_is_lost(run: Run) -> None:
    stack = run.stack
    ticketing = stack.members["ticketing"]
    taken, slowest = [], {201: 0.0, 503: 0.0}
    over = asyncio.Event()

    async def keep_writing() -> list[int]:
        said: list[int] = []
        while not over.is_set():
            started = time.monotonic()
            answer = await new_ticket(ticketing, f"during-database-{len(said)}")
            slowest[answer.status_code] = max(slowest.get(answer.status_code, 0.0), time.monotonic() - started)
            said.append(answer.status_code)
            if answer.status_code == 201:
                taken.append(answer.json()["id"])
            else:
                assert answer.headers.get("Retry-After"), answer.text
            await asyncio.sleep(0.02)
        return said

    async with asyncio.TaskGroup() as doing:  # whatever fails, nobody goes on writing while the next test looks
        writing = doing.create_task(keep_writing())
        await until_some(taken)
        async with stack.postgres.away():
            await asyncio.sleep(1)  # a moment that callers notice
        before = len(taken)
        seconds = await within(5, lambda: more(taken, before), "the first ticket after it is back")
        over.set()
    said = writing.result()
    assert set(said) == {201, 503}
    assert slowest[503] <= 2, "who is refused hears so at once"
    assert slowest[201] <= 5, "who is taken did not hang"
    kept = {row["id"] for row in await stack.rows("SELECT id FROM ticketing.tickets")}
    assert kept >= set(taken)
    await within(60, stack.ready, "everything is ready again")
    print(f"no refusal took longer than {slowest[503]:.2f} s, no other answer than {slowest[201]:.2f} s")
    print(f"the first ticket came {seconds:.2f} s after the database was back")


async def test_the_same_events_three_times_make_the_state_and_the_mails_of_once(run: Run) -> None:
    thrice = story(6)
    await run.tell(thrice)
    await run.stack.rests(60)
    once, mails = await state(run.stack), list(run.stack.sink.mails)
    for _ in range(2):
        for part in (thrice.directory, thrice.trouble, thrice.recovery):
            await run.play([record._replace(offset=0.0) for record in part])  # repetitions need not take the time of the first
        await run.stack.rests(60)
    assert await found(run.stack, thrice) == expected(thrice)
    assert await state(run.stack) == once
    assert run.stack.sink.mails == mails


async def test_every_topic_read_again_from_its_start_changes_nothing_and_tells_nobody(run: Run) -> None:
    stack = run.stack
    await stack.rests(60)
    before, mails = await state(stack), list(stack.sink.mails)
    for member in stack.members.values():
        await member.terminate()
    for name in NAMES:
        await stack.rows(f"UPDATE {name}.offsets SET next = 0")  # noqa: S608
    for member in stack.members.values():
        await member.start()
    await within(120, stack.ready, "everything is ready again")
    await stack.rests(120, "everything is read again")
    assert await state(stack) == before
    assert stack.sink.mails == mails


# ── what the tests ask and do ────────────────────────────────────────────────────────────────


async def new_ticket(ticketing: Member, customer: str) -> httpx.Response:
    """Sends a request for support over HTTP."""
    async with httpx.AsyncClient(timeout=10) as client:
        return await client.post(
            f"http://127.0.0.1:{ticketing.port}/v1/tickets",
            json={"customer_id": customer, "subject": "Cannot pay", "body": "It hangs."},
            headers={"Authorization": f"Bearer {TOKEN.format(role='agent')}", "Idempotency-Key": customer},
        )


async def says(member: Member, path: str, status: int) -> bool:
    answer = await member.get(path)
    return answer is not None and answer.status_code == status


async def more(things: list[str], than: int) -> bool:
    return len(things) > than


async def until_some(things: list[str]) -> None:
    await within(10, lambda: more(things, 10), "some are there")


def memory(member: Member) -> int:
    """Returns the resident memory of a process, in bytes."""
    with open(f"/proc/{member.pid}/statm") as statm:
        return int(statm.read().split()[1]) * 4096
