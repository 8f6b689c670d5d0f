"""Customers are told by chat and SMS: on the first channel where they can be reached, else on the next; an SMS is not sent twice."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
import yaml

from services.notifier.channels.breaker import Breaker
from services.notifier.channels.bulkhead import Bulkhead
from services.notifier.channels.chat.building import PROVIDERS
from services.notifier.channels.chat.channel import LADDER, Chat
from services.notifier.channels.outcome import Channel
from services.notifier.channels.registry import Route
from services.notifier.channels.sms.channel import Sms
from services.notifier.channels.sms.policy import TwilioSms
from services.notifier.channels.sms.twilio import Twilio
from services.notifier.lanes import LANES
from shared.events import Contact
from shared.settings import Settings
from tests.builders import customer
from tests.flow.notifier_stage import CONFIG, MINUTE, Stage, delivery_of, impact, opened, replied, resolved, stage
from tests.providers import slack
from tests.providers.slack import FakeSlack
from tests.providers.twilio import ACCOUNT, SERVICE, STOPPED, TOKEN, FakeTwilio

pytestmark = pytest.mark.asyncio

NUMBER = "+4915112345678"
SMS = {"provider": "twilio", "account": ACCOUNT, "messaging_service": SERVICE}
SLACK, MAIL = Contact(channel="slack", address=slack.URL), Contact(channel="email", address="ada@example.org")
ARCHIVED = Contact(channel="slack", address=slack.URL + "x")


class Losing(httpx2.ASGITransport):
    """Hands calls over, and loses the answers to the first that hand a text over."""

    def __init__(self, app: FakeTwilio, answers: int) -> None:
        super().__init__(app)
        self.answers = answers

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        if request.method == "POST" and self.answers:
            self.answers -= 1
            raise httpx2.ReadTimeout("lost", request=request)
        return response


@dataclass
class Shop:
    """A notifier that tells customers by Slack, SMS and mail."""

    on: Stage
    slack: FakeSlack
    twilio: FakeTwilio
    losing: Losing

    async def told_of(self, *contacts: Contact) -> None:
        """Has a customer with these contacts told of an incident."""
        await self.on.hear(customer("c-1", at=self.on.now, contacts=contacts), opened(self.on.now), impact(self.on.now, "c-1"))

    async def ways(self) -> list[tuple[str, str]]:
        rows = await self.on.rows("SELECT channel, status FROM deliveries ORDER BY channel")
        return [(row["channel"], row["status"]) for row in rows]


@pytest.fixture
async def shop(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Shop]:
    said = yaml.safe_load((CONFIG / "notifications.yml").read_text()) | {"channels": ["slack", "sms", "email"], "sms": SMS}
    (tmp_path / "notifications.yml").write_text(yaml.safe_dump(said))
    async with stage(fresh_database, own_config_dir=str(tmp_path), sms_secret=TOKEN) as on:
        twilio = FakeTwilio(on.now)
        made = Shop(on, FakeSlack(), twilio, Losing(twilio, 0))
        chat = Chat(PROVIDERS["slack"], (), httpx2.ASGITransport(made.slack))
        sms = Sms(Twilio(TwilioSms.model_validate(SMS), TOKEN), made.losing, now=lambda: on.clock.now)
        _bring_by(on, {"slack": chat, "sms": sms})
        yield made


def _bring_by(on: Stage, channels: dict[str, Channel]) -> None:
    delivery = delivery_of(on.service)
    breakers = {name: Breaker(delivery.policy.retries) for name in channels}
    routes = {name: Route(channel, breakers[name], Bulkhead(channel)) for name, channel in channels.items()}
    other = replace(delivery, routes={**delivery.routes, **routes})
    on.service.due = {**on.service.due, **{lane: replace(on.service.due[lane], handle=other.deliver) for lane in LANES}}


async def test_a_customer_with_a_slack_channel_is_told_there_and_gets_the_all_clear_there(shop: Shop) -> None:
    await shop.told_of(MAIL, SLACK)
    await shop.on.loop.advance(MINUTE)
    await shop.on.hear(resolved(shop.on.now))
    assert ["we are on it" in str(each) for each in shop.slack.posted] == [True, False]
    assert "All clear" in str(shop.slack.posted[1])
    assert "/u/" in str(shop.slack.posted[0]), "they can end it"
    assert shop.on.office.mails == []
    assert await shop.on.ledger() == [("opened", "delivered", None), ("resolved", "delivered", None)]


async def test_who_has_no_chat_is_told_by_the_next_channel(shop: Shop) -> None:
    await shop.told_of(MAIL)
    assert [recipient for recipient, _ in shop.on.office.mails] == ["ada@example.org"]
    assert shop.slack.posted == []


async def test_an_address_that_is_gone_leaves_the_next_channel(shop: Shop) -> None:
    await shop.told_of(ARCHIVED, MAIL)
    await shop.on.loop.advance(MINUTE)
    assert [recipient for recipient, _ in shop.on.office.mails] == ["ada@example.org"]
    assert await shop.ways() == [("email", "delivered"), ("slack", "failed")]
    [mark] = await shop.on.rows("SELECT detail FROM bad_addresses")
    assert mark["detail"] == "403 invalid_token"


@pytest.mark.parametrize(
    "address", ["https://evil.example.org/services/T/B/x", "https://169.254.169.254/latest", "http://hooks.slack.com/services/x"]
)
async def test_an_address_that_leads_elsewhere_is_not_called_and_the_next_is_used(shop: Shop, address: str) -> None:
    await shop.told_of(Contact(channel="slack", address=address), MAIL)
    await shop.on.loop.advance(MINUTE)
    assert [recipient for recipient, _ in shop.on.office.mails] == ["ada@example.org"]
    assert shop.slack.posted == []


async def test_who_stopped_texts_is_told_by_mail(shop: Shop) -> None:
    await shop.told_of(Contact(channel="sms", address=STOPPED), MAIL)
    await shop.on.loop.advance(MINUTE)
    assert await shop.ways() == [("email", "delivered"), ("sms", "failed")]
    assert shop.twilio.messages == []


@pytest.mark.parametrize("lost", [1, 2])
async def test_a_text_whose_answer_was_lost_is_found_and_not_sent_again(shop: Shop, lost: int) -> None:
    shop.losing.answers = lost
    await shop.told_of(Contact(channel="sms", address=NUMBER), MAIL)
    assert await shop.ways() == [("sms", "unknown")]
    await shop.on.loop.advance(timedelta(minutes=10))
    assert len(shop.twilio.messages) == 1
    assert await shop.ways() == [("sms", "delivered")]
    assert shop.on.office.mails == [], "they may have it, so they are told nowhere else"


async def test_what_may_have_arrived_in_a_chat_is_not_repeated_all_day(shop: Shop) -> None:
    lost: list[httpx2.Request] = []

    def lose(request: httpx2.Request) -> httpx2.Response:
        lost.append(request)
        raise httpx2.ReadTimeout("lost", request=request)

    _bring_by(shop.on, {"slack": Chat(PROVIDERS["slack"], (), httpx2.MockTransport(lose))})
    await shop.on.hear(customer("c-1", at=shop.on.now, contacts=[SLACK, MAIL]), replied(shop.on.now, "reply"))
    await shop.on.loop.advance(timedelta(hours=23))
    assert len(lost) == len(LADDER) + 1
    assert len({request.content for request in lost}) == 1
    assert shop.on.office.mails == []
    assert await shop.on.ledger() == [("reply", "failed", "expired")]


async def test_facts_and_ledger_hold_no_address(shop: Shop) -> None:
    await shop.told_of(SLACK)
    await shop.on.loop.advance(MINUTE)
    assert "hooks.slack.com" not in str(shop.on.said())
    [row] = await shop.on.rows("SELECT to_jsonb(n)::text AS said FROM notifications n")
    assert "hooks.slack.com" not in row["said"]
