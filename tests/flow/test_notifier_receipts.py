"""What Twilio says later of a text: that it has arrived, or that it has not; then the next address is tried, a dead number marked."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
import pytest
import yaml

from services.notifier.channels.breaker import Breaker
from services.notifier.channels.bulkhead import Bulkhead
from services.notifier.channels.given import sms_callback
from services.notifier.channels.registry import Route
from services.notifier.channels.sms.channel import Sms
from services.notifier.channels.sms.policy import TwilioSms
from services.notifier.channels.sms.twilio import Twilio
from services.notifier.lanes import LANES
from services.notifier.settings import NotifierSettings
from shared.events import Contact, CustomerErased
from shared.settings import Settings
from tests.builders import customer
from tests.flow.notifier_stage import CONFIG, MINUTE, Stage, delivery_of, impact, kinds, opened, replied, resolved, stage
from tests.providers.twilio import ACCOUNT, SERVICE, TOKEN, FakeTwilio

pytestmark = pytest.mark.asyncio

NUMBER, OTHER, ADA = "+4915112345678", "+4915187654321", "ada@example.org"
SMS = {"provider": "twilio", "account": ACCOUNT, "messaging_service": SERVICE}
URL = "https://notify.example.com"
TEXT, MAIL = Contact(channel="sms", address=NUMBER), Contact(channel="email", address=ADA)


@dataclass
class Shop:
    """A notifier that tells customers by SMS, else by mail, and Twilio that calls it back."""

    on: Stage
    twilio: FakeTwilio
    pages: httpx2.AsyncClient

    async def told(self, *contacts: Contact) -> None:
        await self.on.hear(customer("c-1", at=self.on.now, contacts=contacts), opened(self.on.now), impact(self.on.now, "c-1"))

    async def says(self, status: str, code: int | None = None, *, of: int = 0, token: str = TOKEN) -> int:
        """Has Twilio say what became of a text, the latest unless told otherwise; returns what it is answered."""
        request = self.twilio.callback(of, status, code, token)
        answer = await self.pages.post(request.url, content=request.body, headers=request.headers)
        await self.on.loop.settle()
        return answer.status_code

    async def ways(self) -> list[tuple[str, str]]:
        rows = await self.on.rows("SELECT address, status FROM deliveries ORDER BY address")
        return [(row["address"], row["status"]) for row in rows]


@pytest.fixture
async def shop(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Shop]:
    said = yaml.safe_load((CONFIG / "notifications.yml").read_text()) | {"channels": ["sms", "email"], "sms": SMS}
    (tmp_path / "notifications.yml").write_text(yaml.safe_dump(said))
    async with stage(fresh_database, own_config_dir=str(tmp_path), sms_secret=TOKEN, public_url=URL, watched=True) as on:
        twilio, delivery = FakeTwilio(on.now), delivery_of(on.service)
        assert isinstance(on.service.settings, NotifierSettings)
        callback = sms_callback(on.service.settings, delivery.policy)
        sms = Sms(Twilio(TwilioSms.model_validate(SMS), TOKEN, callback), httpx2.ASGITransport(twilio), now=lambda: on.clock.now)
        route = Route(sms, Breaker(delivery.policy.retries), Bulkhead(sms))
        other = replace(delivery, routes={**delivery.routes, "sms": route})
        on.service.due = {**on.service.due, **{lane: replace(on.service.due[lane], handle=other.deliver) for lane in LANES}}
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(on.service.public_app()), base_url=URL) as pages:
            yield Shop(on, twilio, pages)


async def test_a_text_that_arrived_is_said_once_however_often_and_in_whatever_order_twilio_says_it(shop: Shop) -> None:
    await shop.told(TEXT)
    [callback] = shop.twilio.callbacks
    assert callback.startswith(f"{URL}/r/")
    assert NUMBER[1:] not in callback
    await _signs_nothing_else(shop)
    for status in ("queued", "delivered", "sent", "delivered"):
        assert await shop.says(status) == 204
    assert kinds(shop.on.said()) == ["delivered", "received"]
    assert await shop.says("undelivered", 30003) == 204
    assert await shop.on.ledger() == [("opened", "delivered", None)], "the first final word counts"
    assert NUMBER[1:] not in str(shop.on.said())


async def _signs_nothing_else(shop: Shop) -> None:
    """Has others say what became of the text: it changes nothing."""
    before = await shop.on.everything()
    assert await shop.says("undelivered", 30005, token="another token") == 404
    request = shop.twilio.callback(0, "undelivered", 30005, TOKEN)
    for url, body, headers in (
        (request.url, request.body + b"&x=1", request.headers),
        (request.url, request.body, {**request.headers, "x-twilio-signature": ""}),
        (request.url[:-1], request.body, request.headers),
        (f"{URL}/r/x", request.body, request.headers),
    ):
        assert (await shop.pages.post(url, content=body, headers=headers)).status_code == 404
    await shop.on.loop.settle()
    assert await shop.on.everything() == before


async def test_a_text_that_did_not_arrive_leaves_the_next_contact(shop: Shop) -> None:
    await shop.told(TEXT, MAIL)
    shop.twilio.messages.insert(1, {**shop.twilio.messages[0], "sid": "SM" + "e" * 32})
    await shop.says("undelivered", 30003, of=1)
    assert await shop.ways() == [(NUMBER, "delivered")], "it was of an earlier try"
    assert await shop.says("undelivered", 30003) == 204
    assert await shop.ways() == [(NUMBER, "failed"), (ADA, "delivered")]
    assert await shop.on.ledger() == [("opened", "delivered", None)]
    assert kinds(shop.on.said()) == ["delivered", "bounced", "failed", "delivered"]
    assert await shop.on.rows("SELECT * FROM bad_addresses") == [], "the telephone was switched off"
    for status, code in (("undelivered", 30003), ("delivered", None)):
        assert await shop.says(status, code) == 204
    assert len(shop.on.said()) == 4
    await shop.on.loop.advance(MINUTE)
    await shop.on.hear(resolved(shop.on.now))
    assert await shop.on.ledger() == [("opened", "delivered", None), ("resolved", "delivered", None)]
    assert len(shop.twilio.messages) == 3, "the telephone may be on by now"


async def test_a_number_where_nothing_arrives_is_marked_and_not_used_again(shop: Shop) -> None:
    await shop.told(TEXT, Contact(channel="sms", address=OTHER), MAIL)
    assert await shop.says("failed", 21610) == 204
    assert [each["to"] for each in shop.twilio.messages] == [OTHER, NUMBER]
    assert await shop.says("undelivered", 30005) == 204
    assert await shop.ways() == [(NUMBER, "failed"), (OTHER, "failed"), (ADA, "delivered")]
    marks = await shop.on.rows("SELECT address, detail FROM bad_addresses ORDER BY detail")
    assert marks == [{"address": NUMBER, "detail": "21610"}, {"address": OTHER, "detail": "30005"}]
    failed = [fact.data.model_dump() for fact in shop.on.said() if fact.type.endswith("failed.v1")]
    assert [(each["reason"], each["detail"]) for each in failed] == [("opted_out", "21610"), ("address", "30005")]
    await shop.on.hear(opened(shop.on.now, "i-2"), impact(shop.on.now, "c-1", incident_id="i-2"))
    assert len(shop.twilio.messages) == 2
    assert shop.on.office.kinds(ADA) == ["opened", "opened"]


async def test_who_is_reached_nowhere_else_was_not_told_and_the_brake_counts_it(shop: Shop) -> None:
    await shop.told(TEXT)
    await shop.says("undelivered", 30007)
    assert await shop.on.ledger() == [("opened", "failed", "refused")]
    await shop.on.loop.advance(MINUTE)
    async with shop.on.client("agent-token") as agent:
        items = (await agent.get("/v1/channels")).json()["items"]
    assert {each["channel"]: (each["sent"], each["bounced"]) for each in items} == {"sms": (1, 1), "email": (0, 0)}
    await shop.on.hear(resolved(shop.on.now))
    assert len(shop.twilio.messages) == 1, "there is no all-clear for who was not told"
    await shop.on.hear(customer("c-1", at=shop.on.now, contacts=(TEXT, MAIL)), replied(shop.on.now, "reply"))
    await shop.says("undelivered", 30003)
    assert (await shop.on.ledger())[-1] == ("reply", "failed", "expired"), "a ticket's words are not kept, so they are not repeated"
    assert shop.on.office.kinds(ADA) == []


async def test_a_receipt_that_overtakes_our_own_note_waits_for_it_and_nothing_comes_back_of_the_erased(shop: Shop) -> None:
    await shop.told(TEXT)
    await shop.on.rows("UPDATE deliveries SET status = 'sending'")
    await shop.on.rows("UPDATE notifications SET status = 'waiting'")
    await shop.says("delivered")
    assert kinds(shop.on.said()) == ["delivered"]
    await shop.on.rows("UPDATE deliveries SET status = 'delivered'")
    await shop.on.rows("UPDATE notifications SET status = 'delivered'")
    await shop.on.loop.advance(MINUTE)
    assert kinds(shop.on.said()) == ["delivered", "received"]
    await shop.on.hear(CustomerErased.of(CustomerErased.Data(), subject="c-1", at=shop.on.now))
    before = await shop.on.everything()
    assert await shop.says("undelivered", 30005) == 204
    assert await shop.on.everything() == before
    assert await shop.on.rows("SELECT * FROM engagements") == []
