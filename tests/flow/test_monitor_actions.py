"""What a rule asks for about a risk is done once, while the risk is open and monitor has read all there is; a webhook can settle it."""

import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest

from services.monitor import metrics
from services.monitor.actions.acting import LEASE, Acting
from services.monitor.actions.deciding import AGAIN, next_call
from services.monitor.actions.webhooks import Caller, Target
from services.monitor.rules.health import HealthRule
from services.monitor.store.risks import ACT
from shared.events import RiskActed, RiskCleared, Topic
from shared.postgres import Database
from shared.settings import Settings
from shared.timers import Work
from shared.webhooks.retrying import PAUSES, SPREAD
from shared.webhooks.signing import key_of
from tests.builders import NOON
from tests.fakes import Clock, do_due
from tests.figures import value as value_of
from tests.flow.monitor_risks import Desk, after
from tests.unit.monitor.risk.building import payment, streak

pytestmark = pytest.mark.asyncio

SECRETS = ["whsec_" + b64encode(bytes(range(first, first + 32))).decode() for first in (0, 32)]
WEBHOOK = streak(action={"kind": "webhook", "name": "billing"})
FAILURES = [payment(at) for at in (0, 10, 20)]
NOW = after(seconds=30)

Answers = Callable[[httpx2.Request], httpx2.Response]


class Acts(Desk):
    """monitor with what is done about risks, and a webhook that is told what to answer."""

    def __init__(self, database: Database, clock: Clock, *rules: Any) -> None:
        super().__init__(database, *rules)
        self.clock = clock
        self.calls: list[httpx2.Request] = []
        self.answers: Answers = lambda request: httpx2.Response(200)  # noqa: ARG005

    async def begin(self, *events: Any) -> None:
        """Has risks found from events, with all read up to now."""
        await self.start()
        await self.clock.set(NOW)
        await self.read(*events)
        await self.read_to(NOW)

    async def act(self) -> int:
        """Does what is due now; returns how many rows were."""
        target = Target("https://billing.example.com/forewarn", [key_of(secret) for secret in SECRETS])
        caller = Caller({"billing": target}, httpx2.MockTransport(self._answer))
        done = await do_due(self.database, ACT, Work(Acting(self.database, caller), 10, LEASE))
        await self.topics.relay(self.database)
        return done

    async def pass_by(self, time: timedelta) -> None:
        """Lets time pass, in which monitor reads on."""
        await self.clock.advance(time)
        await self.read_to(self.clock.now)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.calls.append(request)
        return self.answers(request)

    def acted(self) -> list[RiskActed]:
        return [fact for fact in self.topics.facts(Topic.RISKS) if isinstance(fact, RiskActed)]

    def cleared(self) -> list[RiskCleared]:
        return [fact for fact in self.topics.facts(Topic.RISKS) if isinstance(fact, RiskCleared)]

    async def standing(self) -> Sequence[tuple[str | None, int, str]]:
        return [(row["action_status"], row["action_tries"], row["action_answer"]) for row in await self.risks()]


@pytest.fixture
async def clock(fresh_database: Settings, monitor_database: Database) -> Clock:
    return Clock(fresh_database, ["monitor"])


async def test_others_are_asked_once_with_what_was_found(monitor_database: Database, clock: Clock) -> None:
    desk = Acts(monitor_database, clock, streak(action={"kind": "case", "priority": "high"}))
    await desk.begin(*FAILURES)
    assert await desk.act() == 1
    [fact] = desk.acted()
    [risk] = await desk.risks()
    assert (fact.subject, fact.data.risk_id, fact.data.status) == ("c-1", risk["id"], "asked")
    assert (fact.data.action.kind, fact.data.action.priority, fact.data.score) == ("case", "high", 0.5)
    assert fact.data.evidence == tuple(risk["evidence"])
    # And not again, however often it is read
    await desk.replay("product.events.v1")
    assert await desk.act() == 0
    assert len(desk.acted()) == 1
    assert risk["action_status"] == "asked"


async def test_nothing_is_asked_while_monitor_is_behind_and_then_only_for_what_is_still_open(
    monitor_database: Database, clock: Clock
) -> None:
    desk = Acts(monitor_database, clock, streak())
    await desk.start()
    await desk.clock.set(NOW + timedelta(seconds=61))
    await desk.read(*FAILURES, *(payment(at, customer="c-2") for at in (0, 10, 20)))
    await desk.read_to(NOW)
    assert await desk.act() == 2
    assert desk.acted() == []
    # When it reads on, c-2 has paid long ago
    await desk.read(payment(25, "paid", "c-2"))
    await desk.pass_by(AGAIN)
    assert await desk.act() == 2
    assert [fact.subject for fact in desk.acted()] == ["c-1"]
    assert sorted(await desk.standing()) == [("asked", 0, ""), ("withheld", 0, "the risk was over before")]


async def test_a_rule_on_trial_raises_risks_and_has_nothing_done(monitor_database: Database, clock: Clock) -> None:
    weighing = {"id": "unwell", "detector": "health", "title": "Unwell", "weights": {"payment-declined": 1.0}, "action": {"kind": "case"}}
    desk = Acts(monitor_database, clock, streak(shadow=True), HealthRule.model_validate(weighing))
    await desk.begin(*FAILURES)
    assert await desk.act() == 0
    [fact] = desk.raised()  # and it weighs nothing with others
    assert (fact.data.rule, fact.data.shadow) == ("payment-declined", True)
    assert await desk.standing() == [("withheld", 0, "")]
    assert streak().fingerprint == streak(shadow=True).fingerprint


async def test_an_erased_customer_is_nobodys_concern(monitor_database: Database, clock: Clock) -> None:
    desk = Acts(monitor_database, clock, WEBHOOK)
    await desk.begin(*FAILURES)
    await desk.erase("c-1", NOW)
    assert await desk.act() == 1
    assert (desk.calls, desk.acted()) == ([], [])
    assert await desk.rows("SELECT * FROM due WHERE kind = $1", ACT) == []


# ── webhooks ─────────────────────────────────────────────────────────────────────────────────


async def test_the_call_is_signed_as_standard_webhooks_says_with_each_secret(monitor_database: Database, clock: Clock) -> None:
    desk = Acts(monitor_database, clock, WEBHOOK)
    await desk.begin(*FAILURES)
    await desk.act()
    [call] = desk.calls
    [risk] = await desk.risks()
    told = json.loads(call.content)
    assert (told["type"], told["data"]["customer_id"], told["data"]["risk_id"]) == ("risk.raised", "c-1", risk["id"])
    signed = f"{call.headers['webhook-id']}.{call.headers['webhook-timestamp']}.{call.content.decode()}".encode()
    keys = [b64decode(secret.removeprefix("whsec_")) for secret in SECRETS]
    expected = ["v1," + b64encode(hmac.new(key, signed, "sha256").digest()).decode() for key in keys]
    assert call.headers["webhook-signature"].split(" ") == expected
    assert datetime.fromtimestamp(int(call.headers["webhook-timestamp"]), NOON.tzinfo) == NOW
    [fact] = desk.acted()
    assert (fact.data.status, fact.data.answer) == ("answered", "HTTP 200")
    assert await desk.standing() == [("answered", 1, "HTTP 200")]


async def test_an_answer_that_it_is_resolved_clears_the_risk_until_they_fail_anew(monitor_database: Database, clock: Clock) -> None:
    desk = Acts(monitor_database, clock, WEBHOOK)
    desk.answers = lambda request: httpx2.Response(200, json={"resolved": True})  # noqa: ARG005
    await desk.begin(*FAILURES)
    await desk.act()
    [fact] = desk.cleared()
    assert (fact.subject, fact.data.reason, fact.data.by) == ("c-1", "webhook", "billing")
    await desk.read(payment(25))  # it happened before
    assert len(await desk.risks()) == 1
    await desk.read(*(payment(at) for at in (40, 50, 60)))
    assert [row["cleared_at"] is None for row in await desk.risks()] == [False, True]


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(200, json={"resolved": "true"}),
        httpx2.Response(200, json=[{"resolved": True}]),
        httpx2.Response(200, content=b'{"resolved": true, "x": "' + b"x" * 70_000 + b'"}'),
        httpx2.Response(202, content=b"\xff"),
        httpx2.Response(204),
    ],
    ids=["a word", "a list", "too long", "no JSON", "nothing"],
)
async def test_any_other_answer_leaves_the_risk_open(monitor_database: Database, clock: Clock, answer: httpx2.Response) -> None:
    desk = Acts(monitor_database, clock, WEBHOOK)
    desk.answers = lambda request: answer  # noqa: ARG005
    await desk.begin(*FAILURES)
    await desk.act()
    assert [row["cleared_at"] for row in await desk.risks()] == [None]
    assert [status for status, _, _ in await desk.standing()] == ["answered"]


async def test_a_webhook_that_takes_no_call_is_called_again_and_given_up_after_the_last_one(
    monitor_database: Database, clock: Clock
) -> None:
    desk = Acts(monitor_database, clock, streak(window="30d", action={"kind": "webhook", "name": "billing"}))
    desk.answers = lambda request: httpx2.Response(302, headers={"location": "https://elsewhere.example.com"})  # noqa: ARG005
    failed = value_of(metrics.RISK_ACTIONS.labels("webhook", "failed"))
    await desk.begin(*FAILURES)
    [risk] = await desk.risks()
    for tries in range(1, len(PAUSES) + 1):
        assert await desk.act() == 1
        assert await desk.standing() == [("waiting", tries, "HTTP 302")]
        again = next_call(risk["id"], tries, desk.clock.now)
        assert again is not None
        await desk.clock.set(again - timedelta(seconds=1))
        assert await desk.act() == 0
        await desk.pass_by(timedelta(seconds=1))
    await desk.act()
    assert {str(call.url) for call in desk.calls} == {"https://billing.example.com/forewarn"}  # no redirect is followed
    assert len({call.headers["webhook-id"] for call in desk.calls}) == 1
    [fact] = desk.acted()
    assert (fact.data.status, fact.data.answer) == ("failed", "HTTP 302")
    assert await desk.standing() == [("failed", len(PAUSES) + 1, "HTTP 302")]
    assert value_of(metrics.RISK_ACTIONS.labels("webhook", "failed")) == failed + 1
    assert await desk.rows("SELECT * FROM due WHERE kind = $1", ACT) == []


async def test_a_call_that_gets_no_answer_is_made_again_and_one_whose_process_dies_too(monitor_database: Database, clock: Clock) -> None:
    desk = Acts(monitor_database, clock, WEBHOOK)

    def dead(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused", request=request)

    def killed(request: httpx2.Request) -> httpx2.Response:
        raise SystemExit

    desk.answers = dead
    await desk.begin(*FAILURES)
    await desk.act()
    assert await desk.standing() == [("waiting", 1, "no answer: ConnectError")]
    await desk.pass_by(PAUSES[0] * (1 + SPREAD))
    desk.answers = killed
    with pytest.raises(SystemExit):
        await desk.act()
    await desk.pass_by(LEASE)
    desk.answers = lambda request: httpx2.Response(200)  # noqa: ARG005
    await desk.act()
    assert await desk.standing() == [("answered", 3, "HTTP 200")]


async def test_a_webhook_that_nobody_configured_is_said_to_be_missing(monitor_database: Database, clock: Clock) -> None:
    desk = Acts(monitor_database, clock, streak(action={"kind": "webhook", "name": "billng"}))
    await desk.begin(*FAILURES)
    await desk.act()
    assert desk.calls == []
    assert await desk.standing() == [("waiting", 1, "actions.yml has no webhook of this name")]
