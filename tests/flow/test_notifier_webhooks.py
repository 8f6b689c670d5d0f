"""The channel `webhook` meets a real server that misbehaves: each try ends in time, with one outcome."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from standardwebhooks.webhooks import Webhook as Receiver
from standardwebhooks.webhooks import WebhookVerificationError

from services.notifier import metrics
from services.notifier.channels.outcome import Delivered, Failed, Outcome, Refusal, Retry, Trouble
from services.notifier.channels.webhook.circuits import OPEN_AFTER, OPEN_FOR
from services.notifier.channels.webhook.endpoint import FAILURES
from services.notifier.store.endpoints import endpoints_of
from shared.settings import Settings
from shared.webhooks.calling import LARGEST
from shared.webhooks.retrying import PAUSES, SPREAD
from shared.webhooks.signing import key_of, signed
from tests.contract.brokers import eventually
from tests.figures import value as value_of
from tests.flow.webhook_desk import Hooks, hooks
from tests.hooks import Do, sink

pytestmark = pytest.mark.asyncio

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


async def contacts(to: Hooks) -> list[str]:
    async with to.on.service.database.connection() as connection:
        return [contact.address for each in (await endpoints_of(connection, ["c-1", "c-2"])).values() for contact in each]


async def test_a_message_is_taken_and_its_signature_verifies_with_another_implementation(fresh_database: Settings) -> None:
    async with sink() as to, hooks(fresh_database) as it:
        secret = (await it.registered(to))["secret"]
        id_ = await it.told()
        assert await it.send(id_, to, "Hello, Ada") == Delivered("204")
        [call] = to.calls
        told = Receiver(secret).verify(call.body, call.headers)
        assert (call.headers["webhook-id"], told["type"]) == (id_, "notification.opened")
        assert (told["data"]["text"], told["data"]["customer_id"]) == ("Hello, Ada", "c-1")
        assert (told["data"]["incident"]["id"], told["data"]["incident"]["component"]) == ("i-1", "checkout")
        with pytest.raises(WebhookVerificationError):
            Receiver(secret).verify(call.body + b" ", call.headers)


async def test_while_a_secret_is_rotated_the_old_and_the_new_one_verify_and_no_call_fails(fresh_database: Settings) -> None:
    async with sink() as to, hooks(fresh_database) as it:
        first = await it.registered(to)
        second = (await it.ask("POST", f"/{first['id']}/rotate")).json()
        assert second["secret"] != first["secret"]
        id_ = await it.told()
        await it.send(id_, to)
        await it.on.clock.advance(25 * HOUR)
        await it.send(id_, to)
        during, after = to.calls
        for secret in (first["secret"], second["secret"]):
            [signature] = (each for each in signed([key_of(secret)], id_, it.on.now - 25 * HOUR, during.body)["webhook-signature"].split())
            assert signature in during.headers["webhook-signature"].split()
        assert len(after.headers["webhook-signature"].split()) == 1
        assert after.headers["webhook-signature"] == signed([key_of(second["secret"])], id_, it.on.now, after.body)["webhook-signature"]


# ── row 21: 429 and 503 ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("status", [429, 503])
async def test_a_receiver_that_asks_for_time_gets_it(fresh_database: Settings, status: int) -> None:
    async with sink() as to, hooks(fresh_database) as it:
        await it.registered(to)
        id_ = await it.told()
        to.answers = [f"{status} Retry-After: 120", f"{status} x: y"]
        outcome = await it.send(id_, to)
        assert isinstance(outcome, Retry)
        assert outcome.after is not None
        assert 120 * SECOND <= outcome.after <= 120 * SECOND * (1 + SPREAD)
        assert await it.send(id_, to) == Retry(None, Trouble.DEFERRED, str(status))


# ── row 22: failures, slow and huge answers ──────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("what", "outcome"),
    [
        ("500", Retry(None, Trouble.DEFERRED, "500")),
        (Do.DROP, Retry(None, Trouble.UNKNOWN, "RemoteProtocolError")),
        (Do.HANG, Retry(None, Trouble.UNKNOWN, "TimeoutError")),
        (Do.TRICKLE, Delivered("200")),
        (Do.FLOOD, Delivered("200")),
    ],
)
async def test_each_way_to_misbehave_ends_in_time_with_one_outcome(fresh_database: Settings, what: str | Do, outcome: Outcome) -> None:
    async with sink() as to, hooks(fresh_database, within=0.5) as it:
        await it.registered(to)
        id_ = await it.told()
        to.answers = [what]
        async with asyncio.timeout(5):
            said = await it.send(id_, to)
        assert said == outcome or (what is Do.HANG and said == Retry(None, Trouble.UNKNOWN, "ReadTimeout"))
        assert len(to.calls) == 1
        if what is Do.FLOOD:
            await eventually(lambda: to.ended >= 1)
            assert to.sent < LARGEST + 16 * 1024 * 1024, "what the sockets' buffers hold, and not what there is"


async def test_a_server_that_is_away_was_certainly_not_told(fresh_database: Settings) -> None:
    async with hooks(fresh_database) as it:
        async with sink() as to:
            await it.registered(to)
        id_ = await it.told()
        assert await it.send(id_, to) == Retry(None, Trouble.UNREACHABLE, "ConnectError")


async def test_a_destination_that_fails_is_left_alone_and_then_asked_once(fresh_database: Settings) -> None:
    async with sink() as to, sink() as other, hooks(fresh_database) as it:
        await it.registered(to)
        await it.registered(other)
        id_ = await it.told()
        to.always = "500"
        for _ in range(OPEN_AFTER):
            await it.send(id_, to)
        assert await it.send(id_, to) == Retry(OPEN_FOR, Trouble.PAUSED, "circuit open")
        assert len(to.calls) == OPEN_AFTER
        assert await it.send(id_, other) == Delivered("204"), "others are called all the while"
        await it.on.clock.advance(OPEN_FOR)
        to.always = None
        assert await it.send(id_, to) == Delivered("204")
        assert (await it.on.rows("SELECT failures FROM endpoints WHERE url = $1", to.url))[0]["failures"] == 0


async def test_an_endpoint_that_takes_none_of_ten_tries_is_disabled_and_its_owner_told(fresh_database: Settings) -> None:
    disabled = value_of(metrics.ENDPOINTS_DISABLED.labels("failing"))
    async with sink() as to, hooks(fresh_database) as it:
        await it.registered(to)
        id_ = await it.told()
        await it.on.know("c-1")
        to.always = "500"
        began = it.on.now
        for number, pause in enumerate((*PAUSES, None), start=1):
            assert await it.send(id_, to) == Retry(None, Trouble.DEFERRED, "500")
            assert ((await it.endpoint())["disabled_at"] is not None) is (number == FAILURES)
            if pause is not None:
                await it.on.clock.advance(pause)
        assert (len(to.calls), it.on.now - began) == (10, timedelta(hours=75, minutes=35, seconds=5))
        assert (await contacts(it), (await it.endpoint())["disabled_why"]) == ([], "failing")
        assert value_of(metrics.ENDPOINTS_DISABLED.labels("failing")) == disabled + 1
        # It is called no more, and its owner hears of it by mail
        assert await it.send(id_, to) == Failed(Refusal.UNSUPPORTED, "disabled")
        await it.on.loop.settle()
        [_, mail] = it.on.office.to("c-1@example.org")
        assert mail["Subject"] == "We no longer call your webhook at 127.0.0.1"
        assert "/hook" not in str(mail), "the path of a URL may be a secret"
        assert ("notice", "delivered", None) in await it.on.ledger()


async def test_a_burst_of_failures_disables_nothing(fresh_database: Settings) -> None:
    async with sink() as to, hooks(fresh_database) as it:
        await it.registered(to)
        id_ = await it.told()
        to.always = "500"
        for _ in range(FAILURES + 2):
            await it.send(id_, to)
            await it.on.clock.advance(OPEN_FOR)
        found = await it.endpoint()
        assert (found["failures"], found["disabled_at"], found["last_failure"]) == (FAILURES + 2, None, "500")
        assert await contacts(it) == [to.url]


# ── row 23: redirects, 410 ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_never_followed(fresh_database: Settings, status: int) -> None:
    async with sink() as to, sink() as elsewhere, hooks(fresh_database) as it:
        await it.registered(to)
        id_ = await it.told()
        to.answers = [f"{status} Location: {elsewhere.url}"]
        assert await it.send(id_, to) == Retry(None, Trouble.DEFERRED, str(status))
        assert elsewhere.connections == 0


async def test_gone_disables_at_once(fresh_database: Settings) -> None:
    async with sink() as to, hooks(fresh_database) as it:
        await it.registered(to)
        id_ = await it.told()
        to.answers = ["410"]
        assert await it.send(id_, to) == Failed(Refusal.REFUSED, "410")
        assert ((await it.endpoint())["disabled_why"], await contacts(it)) == ("gone", [])


# ── whom it calls ────────────────────────────────────────────────────────────────────────────


async def test_an_address_that_is_not_public_is_not_called_though_it_is_registered(fresh_database: Settings) -> None:
    async with sink() as to, hooks(fresh_database) as it:
        await it.registered(to)
        await it.on.rows("UPDATE endpoints SET url = replace(url, '127.0.0.1', '[::1]')")
        id_ = await it.told()
        to.calls.clear()
        outcome = await it.send(id_, replace(to, host="[::1]"))
        assert outcome == Retry(None, Trouble.UNREACHABLE, "Forbidden")
        assert to.calls == []


async def test_what_is_not_registered_is_not_called(fresh_database: Settings) -> None:
    async with sink() as to, sink() as stranger, hooks(fresh_database) as it:
        await it.registered(to)
        id_ = await it.told()
        assert await it.send(id_, stranger) == Failed(Refusal.UNSUPPORTED, "not registered")
        await it.on.know("c-2", contacts=[])
        await it.registered(stranger, "c-2")
        assert await it.send(id_, stranger) == Failed(Refusal.UNSUPPORTED, "not registered"), "it is another customer's"
        assert stranger.calls == []


async def test_a_database_that_is_away_sends_nothing_and_raises_nothing(fresh_database: Settings) -> None:
    async with sink() as to, hooks(fresh_database) as it:
        await it.registered(to)
        id_ = await it.told()
        await it.on.service.database.close()
        outcome = await it.send(id_, to)
        assert isinstance(outcome, Retry)
        assert outcome.reason is Trouble.UNREACHABLE
        assert to.calls == []
        await it.on.service.database.open()


async def test_messages_given_together_have_their_outcomes_in_their_order(fresh_database: Settings) -> None:
    async with sink() as to, sink() as gone, hooks(fresh_database) as it:
        await it.registered(to)
        await it.registered(gone)
        id_ = await it.told()
        gone.always = "410"
        outcomes = await it.channel.send([it.message(id_, to), it.message(id_, gone), it.message("n-x", to)])
        assert outcomes == [Delivered("204"), Failed(Refusal.REFUSED, "410"), Failed(Refusal.UNSUPPORTED, "not registered")]
        assert json.loads(to.calls[0].body)["data"]["truncated"] is False


async def test_an_endpoint_that_hangs_delays_no_other(fresh_database: Settings) -> None:
    async with sink() as to, sink() as hanging, hooks(fresh_database, within=1.0) as it:
        await it.registered(to)
        await it.registered(hanging)
        id_ = await it.told()
        hanging.always = Do.HANG
        slow = asyncio.create_task(it.channel.send([it.message(id_, hanging)] * 4))
        await eventually(lambda: len(hanging.calls) == 4)
        assert [await it.send(id_, to) for _ in range(5)] == [Delivered("204")] * 5
        assert not slow.done(), "all were taken while the others still hung"
        assert {type(outcome) for outcome in await slow} == {Retry}
