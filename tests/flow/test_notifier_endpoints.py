"""Operators register the endpoints of customers: a signed test call is taken first, and the secret is shown once and kept nowhere."""

import json
import logging
from datetime import timedelta
from secrets import token_urlsafe
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook as Receiver

from services.notifier.api.endpoints import MOST
from services.notifier.channels.outcome import Retry, Trouble
from services.notifier.channels.webhook.payload import LARGEST
from services.notifier.keeping import kept
from services.notifier.settings import NotifierSettings
from shared.events import CustomerErased
from shared.retention import tidy
from shared.settings import Settings, SettingsError
from shared.webhooks.signing import key_of, signed
from tests.flow.webhook_desk import MASTER, Hooks, hooks
from tests.hooks import Do, sink

pytestmark = pytest.mark.asyncio

HOUR = timedelta(hours=1)


def said(url: str, customer_id: str = "c-1") -> dict[str, Any]:
    return {"customer_id": customer_id, "url": url}


async def everything(on: Hooks) -> str:
    """Returns all rows of all tables as text."""
    tables = await on.on.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'notifier'")
    rows = [await on.on.rows(f"SELECT t::text AS row FROM {each['table_name']} t") for each in tables]  # noqa: S608
    return json.dumps([row["row"] for table in rows for row in table])


async def test_an_endpoint_is_registered_by_a_signed_call_that_it_takes(fresh_database: Settings) -> None:
    async with sink() as to, hooks(fresh_database) as it:
        answer = await it.ask("POST", "", said(to.url))
        shown = answer.json()
        assert (answer.status_code, shown["customer_id"], shown["url"], shown["disabled_at"]) == (201, "c-1", to.url, None)
        [call] = to.calls
        told = Receiver(shown["secret"]).verify(call.body, call.headers)
        assert (told["type"], told["data"]) == ("endpoint.test", {"customer_id": "c-1"})
        assert call.headers["webhook-id"].startswith("test_")
        # It is listed without its secret, for its customer, by agents too
        async with it.on.client("agent-token") as agent:
            listed = (await agent.get("/v1/endpoints", params={"customer_id": "c-1"})).json()["items"]
            assert (await agent.get("/v1/endpoints", params={"customer_id": "c-2"})).json()["items"] == []
            assert (await agent.post("/v1/endpoints", json=said(to.url))).status_code == 403
        assert [(each["id"], "secret" in each) for each in listed] == [(shown["id"], False)]


@pytest.mark.parametrize("how", ["500", "302 Location: /", "404", Do.DROP])
async def test_what_does_not_take_the_test_call_is_not_registered(fresh_database: Settings, how: str | Do) -> None:
    async with sink() as to, hooks(fresh_database) as it:
        to.always = how
        answer = await it.ask("POST", "", said(to.url))
        assert (answer.status_code, "test call" in answer.json()["detail"]) == (422, True)
        assert (await it.ask("GET")).json()["items"] == []
        assert len(to.calls) == 1


async def test_who_and_what_cannot_be_registered_is_said_and_nobody_is_called(fresh_database: Settings) -> None:
    async with sink() as to, hooks(fresh_database) as it:
        await it.on.know("c-2")
        await it.on.hear(CustomerErased.of(CustomerErased.Data(), subject="c-2", at=it.on.now))
        refusals = {
            ("c-9", to.url): 404,
            ("c-2", to.url): 409,
            ("c-1", f"http://me:pw@127.0.0.1:{to.port}/"): 422,
            ("c-1", f"ftp://127.0.0.1:{to.port}/"): 422,
            ("c-1", f"http://10.0.0.1:{to.port}/"): 422,
            ("c-1", f"http://[::1]:{to.port}/"): 422,
        }
        assert {each: (await it.ask("POST", "", said(each[1], each[0]))).status_code for each in refusals} == refusals
        assert to.connections == 0


async def test_a_customer_has_an_endpoint_once_and_five_at_most(fresh_database: Settings) -> None:
    async with sink() as to, hooks(fresh_database) as it:
        answers = [(await it.ask("POST", "", said(f"{to.url}/{number}"))).status_code for number in (0, 0, 1, 2, 3, 4, 5)]
        assert answers == [201, 409, *[201] * (MOST - 1), 409]


async def test_without_a_master_secret_there_are_no_endpoints(fresh_database: Settings) -> None:
    async with sink() as to, hooks(fresh_database, webhook_secret="") as it:
        answer = await it.ask("POST", "", said(to.url))
        assert (answer.status_code, "FOREWARN_WEBHOOK_SECRET" in answer.json()["detail"]) == (409, True)
        assert to.connections == 0


async def test_a_weak_master_secret_and_a_network_that_is_none_are_refused() -> None:
    others: Any = {each: token_urlsafe(24) for each in NotifierSettings.required_secrets()} | {"smtp_clear": True}
    with pytest.raises(SettingsError, match="FOREWARN_WEBHOOK_SECRET is too short"):
        NotifierSettings(**others, webhook_secret="hx7!k2")
    NotifierSettings(**others, webhook_secret=token_urlsafe(24))
    with pytest.raises(SettingsError, match="FOREWARN_WEBHOOK_NETWORKS"):
        NotifierSettings(environment="demo", webhook_networks="10.0.0.1/8")


async def test_no_secret_is_in_the_database_and_neither_secret_nor_url_in_the_log(
    fresh_database: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with sink() as to, hooks(fresh_database) as it:
        first = (await it.ask("POST", "", said(to.url), "key-1")).json()
        second = (await it.ask("POST", f"/{first['id']}/rotate", key="key-2")).json()
        to.always = "410"
        await it.send(await it.told(), to)
        held = await everything(it)
        assert first["id"] in held
        for secret in (first["secret"], second["secret"], MASTER):
            assert secret.removeprefix("whsec_") not in held
            assert secret.removeprefix("whsec_") not in caplog.text
        assert "is disabled: gone" in caplog.text
        assert "/hook" not in "\n".join(each.getMessage() for each in caplog.records if each.name.startswith(("services", "shared")))
        # The same request again gets the same answer
        assert (await it.ask("POST", f"/{first['id']}/rotate", key="key-2")).json() == second


async def test_a_disabled_endpoint_is_enabled_by_a_call_that_it_takes(fresh_database: Settings) -> None:
    async with sink() as to, hooks(fresh_database) as it:
        shown = await it.registered(to)
        to.always = "410"
        await it.send(await it.told(), to)
        assert (await it.ask("POST", f"/{shown['id']}/enable")).status_code == 422
        assert (await it.ask("POST", f"/{shown['id']}/replay", {"since": it.on.now.isoformat()})).status_code == 409
        assert (await it.endpoint())["disabled_why"] == "gone"
        to.always = None
        answer = await it.ask("POST", f"/{shown['id']}/enable")
        assert (answer.status_code, answer.json()["disabled_at"], answer.json()["failures"]) == (200, None, 0)


async def test_what_an_endpoint_missed_is_sent_again_with_the_same_id_and_words(fresh_database: Settings) -> None:
    async with sink() as to, hooks(fresh_database) as it:
        shown = await it.registered(to)
        to.answers = ["500", "500"]
        early = await it.told("i-1")
        await it.send(early, to, "An hour ago")
        await it.on.clock.advance(HOUR)
        late = await it.told("i-2")
        await it.send(late, to, "x" * 2 * LARGEST)
        missed = [(call.headers["webhook-id"], call.body) for call in to.calls]
        to.calls.clear()
        to.answers = ["503"]
        replayed = await it.ask("POST", f"/{shown['id']}/replay", {"since": it.on.now.isoformat()})
        assert replayed.json() == {"messages": 1}
        assert await it.replays() == 1
        await it.on.clock.advance(timedelta(seconds=6))
        assert await it.replays() == 1
        assert [(call.headers["webhook-id"], call.body) for call in to.calls] == [missed[1]] * 2
        assert json.loads(to.calls[1].body)["data"]["truncated"] is True
        signature = signed([key_of(shown["secret"])], late, it.on.now, missed[1][1])["webhook-signature"]
        assert to.calls[1].headers["webhook-signature"] == signature, "with the moment of now"
        # It has it now: only what came before is still missed
        assert (await it.ask("POST", f"/{shown['id']}/replay", {"since": (it.on.now - 2 * HOUR).isoformat()})).json() == {"messages": 1}
        await it.replays()
        assert [call.headers["webhook-id"] for call in to.calls[2:]] == [early]
        assert await it.on.rows("SELECT * FROM endpoint_missed") == []


async def test_a_message_that_waits_for_a_circuit_is_missed_too(fresh_database: Settings) -> None:
    async with sink() as to, hooks(fresh_database) as it:
        shown = await it.registered(to)
        to.always = "500"
        id_ = await it.told()
        for _ in range(5):
            await it.send(id_, to)
        other = await it.told("i-2")
        outcome = await it.send(other, to)
        assert isinstance(outcome, Retry)
        assert outcome.reason is Trouble.PAUSED
        assert (await it.ask("POST", f"/{shown['id']}/replay", {"since": it.on.now.isoformat()})).json() == {"messages": 2}


async def test_a_deleted_endpoint_leaves_nothing(fresh_database: Settings) -> None:
    async with sink() as to, hooks(fresh_database) as it:
        shown = await it.registered(to)
        to.answers = ["500"]
        await it.send(await it.told(), to)
        await it.ask("POST", f"/{shown['id']}/replay", {"since": it.on.now.isoformat()})
        assert (await it.ask("DELETE", f"/{shown['id']}")).status_code == 204
        assert (await it.ask("DELETE", f"/{shown['id']}")).status_code == 404
        assert await it.replays() == 1
        assert len(to.calls) == 1, "nothing is replayed to it"
        assert await it.on.rows("SELECT * FROM endpoint_missed") == []


async def test_an_erased_customers_endpoint_is_shown_before_and_gone_after(fresh_database: Settings) -> None:
    async with sink() as to, hooks(fresh_database) as it:
        await it.registered(to)
        to.answers = ["500"]
        id_ = await it.told()
        await it.send(id_, to, "canary words")
        async with it.on.client("operator-token") as client:
            shown = (await client.get("/v1/customers/c-1/data")).text
        assert to.url in shown
        assert "canary words" in shown
        await it.on.hear(CustomerErased.of(CustomerErased.Data(), subject="c-1", at=it.on.now))
        held = await everything(it)
        assert to.url not in held
        assert "canary words" not in held


async def test_what_was_missed_long_ago_is_deleted(fresh_database: Settings) -> None:
    async with sink() as to, hooks(fresh_database) as it:
        await it.registered(to)
        to.answers = ["500"]
        await it.send(await it.told(), to)
        await it.on.clock.advance(timedelta(days=91))
        while await tidy(it.on.service.database, kept(NotifierSettings(environment="demo"))):
            pass
        assert await it.on.rows("SELECT * FROM endpoint_missed") == []
