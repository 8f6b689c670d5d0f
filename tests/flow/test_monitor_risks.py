"""Single customers are at risk: they are found once, whatever is killed and however often it is read, and it is said when it is over."""

from pathlib import Path

import pytest

from services.monitor import metrics
from services.monitor.hearing.events import Folding
from services.monitor.personal import PERSONAL
from services.monitor.rules.health import HealthRule
from services.monitor.store.risks import queries
from services.monitor.timers import measure
from shared.erasing import erasure_of
from shared.events import Topic
from shared.postgres import Database
from shared.settings import Settings
from tests.builders import NOON, event_bytes
from tests.figures import value as value_of
from tests.flow.monitor_risks import Desk, after
from tests.flow.monitor_watch import watching
from tests.unit.monitor.risk.building import DAY, decline, happened, payment, silence, stall, streak

pytestmark = pytest.mark.asyncio

RULE = streak()
STALL = """\
  - id: onboarding-stalled
    detector: stall
    title: This customer has ordered nothing yet
    events: [com.example.signup]
    expects: {events: [com.example.order]}
    within: 10m
"""
RAISED, OTHERS = ("raised", "c-1", RULE.id), [payment(at, "paid", f"c-{number}") for number in range(2, 9) for at in (0, 10)]
FAILURES = [payment(at) for at in (0, 10, 20)]


@pytest.fixture
async def desk(monitor_database: Database) -> Desk:
    made = Desk(monitor_database, RULE)
    await made.start()
    return made


async def test_a_streak_raises_a_risk_for_that_customer_alone_and_says_what_it_is(desk: Desk) -> None:
    before = value_of(metrics.RISKS_RAISED.labels(RULE.id))
    await desk.read(*FAILURES, *OTHERS, payment(5, customer="c-9"), payment(6, customer="c-9"))
    [fact] = desk.raised()
    assert (fact.subject, fact.data.customer_id, fact.data.title) == ("c-1", "c-1", RULE.title)
    assert fact.data.action is not None
    assert (fact.data.action.kind, fact.data.score) == ("help", 0.5)
    assert fact.data.evidence[0].startswith("3 failures in a row")
    [row] = await desk.risks()
    assert (fact.data.began_at, fact.data.last_at) == (after(seconds=0), after(seconds=20))
    assert (row["id"], row["began_at"], row["last_at"]) == (fact.data.risk_id, fact.data.began_at, fact.data.last_at)
    assert value_of(metrics.RISKS_RAISED.labels(RULE.id)) == before + 1


async def test_it_is_said_once_however_often_the_process_dies_and_the_topic_is_read(monitor_database: Database) -> None:
    desk = Desk(monitor_database, RULE, at_once=1)
    await desk.start()
    desk.happens(*FAILURES, *OTHERS)
    while await desk.turn():
        await desk.take_without_saving()
        await desk.start()  # what was taken since the checkpoint is gone, and comes again
    assert desk.said() == [RAISED]
    for _ in range(2):
        await desk.replay("product.events.v1")
    assert desk.said() == [RAISED]
    assert len(await desk.risks()) == 1


async def test_risks_add_up_to_one_of_health_that_ends_with_them_and_a_replay_says_nothing_again(monitor_database: Database) -> None:
    health = HealthRule(id="unwell", detector="health", title="x", weights={RULE.id: 0.8}, raise_at=0.4, clear_below=0.2)
    desk = Desk(monitor_database, RULE, health)
    await desk.start()
    # Given a customer whose payments fail
    await desk.read(*FAILURES, *OTHERS)
    assert desk.said() == [RAISED, ("raised", "c-1", "unwell")]
    [fact] = [each for each in desk.raised() if each.data.rule == "unwell"]
    assert (fact.data.contributions, fact.data.evidence[0].startswith(f"{RULE.id}: 3 failures")) == ({RULE.id: 0.4}, True)
    # When the process dies and reads everything again, nothing is said again
    await desk.start()
    await desk.replay("product.events.v1")
    assert len(desk.said()) == 2
    # and when the payment succeeds, both are over
    await desk.read(payment(30, "paid"))
    assert sorted(desk.said()[2:]) == [("cleared", "c-1", "recovered")] * 2
    # and without its rule it would have been over, too
    await desk.read(*(payment(at) for at in (40, 50, 60)))
    await desk.change(RULE)
    assert [(row["rule"], row["reason"]) for row in await desk.risks() if row["rule"] == "unwell"] == [
        ("unwell", "recovered"),
        ("unwell", "rule_gone"),
    ]


async def test_failures_of_several_lives_of_a_process_are_one_streak(desk: Desk) -> None:
    for failure in FAILURES:
        await desk.read(failure)
        await desk.start()
    assert desk.said() == [RAISED]


async def test_a_success_clears_it_and_a_new_streak_is_a_new_risk(desk: Desk) -> None:
    await desk.read(*FAILURES)
    await desk.read(payment(30))
    assert desk.said() == [RAISED]
    await desk.read(payment(40, "paid"))
    assert desk.said() == [RAISED, ("cleared", "c-1", "recovered")]
    await desk.start()
    await desk.read(*(payment(at) for at in (50, 60, 70)))
    assert desk.said() == [RAISED, ("cleared", "c-1", "recovered"), RAISED]
    assert [row["reason"] for row in await desk.risks()] == ["recovered", None]


async def test_a_success_and_a_new_streak_between_two_checkpoints_are_both_said(desk: Desk) -> None:
    await desk.read(*FAILURES)
    await desk.read(payment(30, "paid"), *(payment(at) for at in (50, 60, 70)))
    assert desk.said() == [RAISED, ("cleared", "c-1", "recovered"), RAISED]


async def test_a_late_success_shows_that_there_was_no_streak(desk: Desk) -> None:
    await desk.read(*FAILURES)
    await desk.read(payment(15, "paid"))
    assert desk.said() == [RAISED, ("cleared", "c-1", "broken")]


async def test_a_risk_of_which_nothing_is_heard_is_cleared_once_monitor_has_read_that_far(desk: Desk) -> None:
    await desk.read(*FAILURES)
    await desk.read_to(after(seconds=3619))
    assert desk.said() == [RAISED]
    await desk.start()
    await desk.read_to(after(seconds=3620))
    assert desk.said() == [RAISED, ("cleared", "c-1", "unheard")]


async def test_a_changed_rule_begins_anew_and_a_removed_one_leaves_nothing(desk: Desk) -> None:
    await desk.read(*FAILURES)
    await desk.change(streak(title="Other words"))
    assert desk.said() == [RAISED]
    await desk.change(streak(failures=4))
    assert desk.said()[1:] == [("cleared", "c-1", "rule_changed")]
    await desk.read(payment(30))
    assert len(desk.said()) == 2  # failures that another rule remembered are not this one's
    await desk.read(*(payment(at) for at in (31, 32, 33)))
    assert desk.said()[2:] == [RAISED]
    await desk.change()
    assert desk.said()[3:] == [("cleared", "c-1", "rule_gone")]
    assert await desk.rows("SELECT * FROM fold_moments") == []


async def test_what_a_person_cleared_is_raised_again_only_by_what_came_after_that(desk: Desk) -> None:
    await desk.read(*FAILURES)
    [row] = await desk.risks()
    async with desk.database.transaction() as tx:
        await tx.execute(queries.clear_risk, row["id"], "ada", "they pay by invoice")
        await tx.execute("UPDATE risks SET cleared_at = $1", after(seconds=25))  # as if it were that time now
    await desk.read(payment(30), payment(40))
    await desk.start()
    await desk.settle()
    assert desk.said() == [RAISED]
    await desk.read(payment(50))
    assert desk.said() == [RAISED, RAISED]
    assert [(row["cleared_by"], row["began_at"]) for row in await desk.risks()] == [
        ("ada", after(seconds=0)),
        (None, after(seconds=30)),
    ]


# ── a step that does not come ────────────────────────────────────────────────────────────────


async def test_a_missed_step_is_found_though_nothing_comes_once_monitor_has_read_that_far(monitor_database: Database) -> None:
    rule = stall()
    desk = Desk(monitor_database, rule)
    await desk.start()
    await desk.read(happened("signup", 0), happened("signup", 0, "c-2"), happened("order", 60, "c-2"))
    await desk.read_to(after(days=2.9))
    assert desk.said() == []
    await desk.start()
    desk.wall = after(days=5).timestamp()
    await desk.settle()
    assert desk.said() == []  # the wall clock alone decides nothing: the step may wait unread
    await desk.read_to(after(days=3))
    assert desk.said() == [("raised", "c-1", rule.id)]
    await desk.read_to(after(days=4))
    assert desk.said() == [("raised", "c-1", rule.id)]
    await desk.read(happened("order", 4.5 * 86_400))
    assert desk.said()[1:] == [("cleared", "c-1", "recovered")]


async def test_a_customer_who_comes_no_more_is_found_and_one_who_is_back_is_at_risk_no_more(monitor_database: Database) -> None:
    desk = Desk(monitor_database, silence())
    await desk.start()
    await desk.read(*(happened("login", day * DAY, customer) for day in range(-16, -6) for customer in ("c-1", "c-2")))
    await desk.read(happened("login", -DAY, "c-2"))
    await desk.start()
    await desk.read_to(after(days=0))
    assert desk.said() == [("raised", "c-1", "gone-quiet")]
    await desk.read(happened("login", 60))
    assert desk.said()[1:] == [("cleared", "c-1", "recovered")]


async def test_a_customer_who_uses_less_is_found_and_is_at_risk_until_they_come_as_before(monitor_database: Database) -> None:
    desk = Desk(monitor_database, decline(value={"field": "data.amount", "typical": 100}))
    await desk.start()
    await desk.read(*(happened("order", day * DAY, customer, amount=90) for day in range(-100, -40) for customer in ("c-1", "c-2")))
    await desk.read(*(happened("order", day * DAY, "c-2", amount=90) for day in range(-40, 0)))
    await desk.start()
    await desk.read_to(after(days=0))
    assert desk.said() == [("raised", "c-1", "uses-less")]
    await desk.read(happened("order", 60, amount=90))
    await desk.start()
    assert desk.said() == [("raised", "c-1", "uses-less")]
    desk.wall = after(days=31).timestamp()
    await desk.read(*(happened("order", day * DAY, amount=90) for day in range(1, 31)))
    assert desk.said()[1:] == [("cleared", "c-1", "recovered")]


async def test_while_the_past_is_read_event_time_decides(monitor_database: Database) -> None:
    desk = Desk(monitor_database, stall(), partitions=1)
    desk.wall = after(days=60).timestamp()
    await desk.start()
    await desk.read(happened("signup", 0), happened("order", 0, "c-2"))
    await desk.read(happened("signup", 3 * 86_400 + 700, "c-2"))
    assert desk.said() == []  # orders of that time may still come
    await desk.read(happened("order", 3 * 86_400 + 700, "c-3"))
    assert desk.said() == [("raised", "c-1", "onboarding-stalled")]


async def test_the_whole_service_finds_it_by_its_timer(fresh_database: Settings, tmp_path: Path) -> None:
    async with watching(fresh_database, tmp_path, partitions=2) as watch:
        await watch.start(STALL)
        value = event_bytes("1", type_="com.example.signup", subject="c-1", at=NOON)
        watch.topics.put(Topic.PRODUCT_EVENTS, value, key=b"c-1")
        raised: list[int] = []
        for minutes in (9, 2):
            await watch.pass_time(minutes=minutes)
            stream = watch.consumers[0].stream
            assert isinstance(stream.processor, Folding)
            stream.processor.read_further()  # as the wake-up of `reading` does in the running service
            await stream.tick()
            await watch.loop.settle()
            raised.append(len(watch.topics.facts(Topic.RISKS)))
        assert raised == [0, 1]
        async with watch.agent() as agent:
            [item] = (await agent.get("/v1/risks", params={"status": "open"})).json()["items"]
        await measure(watch.service.database, ["onboarding-stalled", "other"])
    assert (item["customer_id"], item["rule"]) == ("c-1", "onboarding-stalled")
    assert [value_of(metrics.RISKS_OPEN.labels(rule)) for rule in ("onboarding-stalled", "other")] == [1, 0]


# ── erased customers ─────────────────────────────────────────────────────────────────────────


async def test_an_erased_customer_is_in_no_table_and_older_events_bring_nothing_back(desk: Desk) -> None:
    await desk.read(*FAILURES, payment(0, customer="c-10"))
    await desk.erase("c-1", after(seconds=100))
    assert await desk.risks() == []
    async with desk.database.connection() as connection:
        erasure = await erasure_of(connection, PERSONAL, "c-1")
    assert erasure is not None
    assert (erasure.rows["risks"], erasure.rows["moments remembered"], erasure.pending) == (1, 1, ())
    await desk.start()
    await desk.read(*(payment(at, id_=f"again/{at}") for at in (1, 2, 3)))
    assert (len(desk.said()), await desk.risks()) == (1, [])
    packed = b"".join(row["rows"] for row in await desk.rows("SELECT rows FROM fold_moments"))
    assert (b"\xa3c-1" in packed, b"\xa4c-10" in packed) == (False, True)
    await desk.read(*(payment(at) for at in (101, 102, 103)))
    assert desk.said() == [RAISED, RAISED]


async def test_a_checkpoint_stores_a_few_bytes_of_each_customer_who_changed_and_none_of_the_others(desk: Desk) -> None:
    many = 5_000
    await desk.read(*(payment(number / 1000, "paid", f"c-{number}") for number in range(many)))
    [first] = await desk.rows("SELECT sum(length(rows))::int AS bytes FROM fold_moments")
    assert 10 * many < first["bytes"] < 30 * many
    await desk.read(payment(10, "paid", "c-1"))
    [second] = await desk.rows("SELECT sum(length(rows))::int AS bytes FROM fold_moments")
    assert second["bytes"] - first["bytes"] < 200
