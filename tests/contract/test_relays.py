"""Mails go through several relays: by weight, past one that refuses us or is away, and never twice without need."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.notifier.channels.breaker import Breaker
from services.notifier.channels.email.channel import Email
from services.notifier.channels.email.connections import AT_ONCE, Connections
from services.notifier.channels.email.mail import Sender
from services.notifier.channels.email.pipelining import Limits
from services.notifier.channels.email.relays import Outlet, Outlets, Relay, relays_of
from services.notifier.channels.outcome import Delivered, Failed, Outcome, Refusal, Rendered, Retry, Trouble
from services.notifier.deciding.policy import Retries
from tests.builders import NOON
from tests.smtp import Do, PostOffice, post_office

pytestmark = pytest.mark.asyncio

SENDER = Sender("Shop", "support@example.com")
MESSAGE = Rendered("n-1", "opened", "ada@example.org", "Ada", "checkout is failing", "Hello\n", "i-1", date=NOON)
REFUSED = "553 5.1.8 sender domain does not exist"
MINUTE = timedelta(minutes=1)


class Watch:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def messages(count: int) -> list[Rendered]:
    return [replace(MESSAGE, id=f"n-{number}", address=f"c-{number}@example.org") for number in range(count)]


def outlet(office: PostOffice, weight: int = 1) -> Outlet:
    host, port = office.address
    return Outlet(f"{host}:{port}", Connections(host, port, own_name="example.com", connect=2.0, command=5.0), Breaker(Retries()), weight)


def channel_over(outlets: Sequence[Outlet], clock: Watch | None = None) -> Email:
    return Email(outlets, SENDER, Limits(5.0, 5.0), clock=clock or Watch())


async def sent(channel: Email, message: Rendered) -> Outcome:
    [outcome] = await channel.send([message])
    return outcome


@pytest.fixture
async def offices() -> AsyncIterator[tuple[PostOffice, PostOffice]]:
    async with post_office(pipelining=True) as one, post_office() as other:
        yield one, other


async def test_both_bring_mails_each_over_a_connection_of_its_own(offices: tuple[PostOffice, PostOffice]) -> None:
    channel = channel_over([*map(outlet, offices)])
    assert channel.at_once == 2 * AT_ONCE
    assert await channel.send(messages(40)) == [Delivered("250")] * 40
    one, other = offices
    assert (one.connections, other.connections) == (1, 1)
    assert len(one.mails) + len(other.mails) == 40
    assert min(len(one.mails), len(other.mails)) >= 8


@pytest.mark.parametrize("where", ["at_hello", "at_sender"])
async def test_what_one_relay_refuses_goes_through_the_other_at_once(offices: tuple[PostOffice, PostOffice], where: str) -> None:
    one, other = offices
    setattr(one, where, REFUSED)
    assert await channel_over([outlet(one), outlet(other)]).send(messages(20)) == [Delivered("250")] * 20
    assert (len(one.mails), len(other.mails)) == (0, 20)
    assert {mail["Message-ID"] for _, mail in other.mails} == {f"<n-{at}@example.com>" for at in range(20)}


async def test_a_relay_that_is_away_is_no_trouble_and_nor_is_one_that_drops_before_the_mail(offices: tuple[PostOffice, PostOffice]) -> None:
    async with post_office() as gone:
        pass
    one, other = offices
    for message in messages(10):
        one.at_recipient[message.address] = [Do.DROP]
    assert await channel_over([outlet(gone), outlet(one), outlet(other)]).send(messages(10)) == [Delivered("250")] * 10
    assert Counter(len(office.to(message.address)) for office in offices for message in messages(10))[1] == 10


async def test_the_relays_refuse_us_only_if_all_do(offices: tuple[PostOffice, PostOffice]) -> None:
    one, other = offices
    async with post_office() as gone:
        pass
    one.at_sender = other.at_sender = REFUSED
    assert await sent(channel_over([outlet(one), outlet(other)]), MESSAGE) == Retry(None, Trouble.RELAY, "553 5.1.8")
    assert await sent(channel_over([outlet(one), outlet(gone)]), MESSAGE) == Retry(None, Trouble.UNREACHABLE, "SMTPConnectError")


async def test_what_the_customers_server_says_is_the_last_word(offices: tuple[PostOffice, PostOffice]) -> None:
    for office in offices:
        office.at_recipient["ada@example.org"] = ["550 5.1.1 no such user"]
    assert await sent(channel_over([*map(outlet, offices)]), MESSAGE) == Failed(Refusal.ADDRESS, "550 5.1.1")
    assert sorted(len(office.at_recipient["ada@example.org"]) for office in offices) == [0, 1], "only one was asked"


async def test_an_address_that_one_relay_cannot_take_goes_through_the_other() -> None:
    async with post_office(smtputf8=False) as plain, post_office() as other:
        channel = channel_over([outlet(plain, weight=1000), outlet(other)])
        assert await sent(channel, replace(MESSAGE, address="jörg@example.org")) == Delivered("250")
        assert len(other.to("jörg@example.org")) == 1


# ── which one ────────────────────────────────────────────────────────────────────────────────


def outlets_of(weights: dict[str, int]) -> list[Outlet]:
    return [Outlet(name, Connections(name, 25, own_name="x"), Breaker(Retries()), weight) for name, weight in weights.items()]


async def test_each_relay_comes_first_as_often_as_its_weight_says() -> None:
    outlets = Outlets(outlets_of({"a": 6, "b": 3, "c": 1}), Watch())
    first = Counter(outlets.ranked(f"n-{number}")[0].name for number in range(10_000))
    assert first == {"a": pytest.approx(6000, abs=200), "b": pytest.approx(3000, abs=200), "c": pytest.approx(1000, abs=150)}


async def test_a_message_has_the_same_order_in_every_process_and_one_relay_more_moves_few() -> None:
    def order(weights: dict[str, int], number: int) -> list[str]:
        return [each.name for each in Outlets(outlets_of(weights), Watch()).ranked(f"n-{number}")]

    two, three = {"a": 1, "b": 1}, {"a": 1, "b": 1, "c": 1}
    for number in range(300):
        assert order(two, number) == order(dict(reversed(two.items())), number)
        assert [name for name in order(three, number) if name != "c"] == order(two, number)


async def test_what_may_have_arrived_goes_to_the_same_relay_again(offices: tuple[PostOffice, PostOffice]) -> None:
    """The mail's own relay refuses us, so that another one gets it, and drops after it: the next try begins there."""
    mine = [outlet(office) for office in offices]
    channel = channel_over(mine)
    first = Outlets(mine, Watch()).ranked("n-1")[0]
    own, other = offices if first is mine[0] else offices[::-1]
    own.at_sender, other.at_end["ada@example.org"] = REFUSED, [Do.DROP]
    assert await sent(channel, MESSAGE) == Retry(None, Trouble.UNKNOWN, "SMTPServerDisconnected")
    own.at_sender = "250 ok"
    assert await sent(channel, MESSAGE) == Delivered("250")
    assert (len(own.to("ada@example.org")), len(other.to("ada@example.org"))) == (0, 2)
    assert {mail["Message-ID"] for mail in other.to("ada@example.org")} == {"<n-1@example.com>"}
    assert await sent(channel, MESSAGE) == Delivered("250")
    assert len(own.to("ada@example.org")) == 1, "it is known to have arrived: nothing is remembered"


async def test_mails_of_one_thread_name_each_other_whichever_relay_they_go_through(offices: tuple[PostOffice, PostOffice]) -> None:
    thread = [replace(MESSAGE, id=f"n-{at}", earlier=tuple(f"n-{before}" for before in range(at))) for at in range(12)]
    channel = channel_over([*map(outlet, offices)])
    for message in thread:
        assert await sent(channel, message) == Delivered("250")
    assert all(office.mails for office in offices)
    came = {str(mail["Message-ID"]): mail for office in offices for _, mail in office.mails}
    for at in range(1, 12):
        mail = came[f"<n-{at}@example.com>"]
        assert mail["In-Reply-To"] == f"<n-{at - 1}@example.com>"
        assert str(mail["References"]).split() == [f"<n-{before}@example.com>" for before in range(at)]


# ── circuit breakers ─────────────────────────────────────────────────────────────────────────


async def test_a_relay_that_refuses_us_is_left_alone_but_for_a_probe_and_used_again_when_it_is_mended(
    offices: tuple[PostOffice, PostOffice], caplog: pytest.LogCaptureFixture
) -> None:
    one, other = offices
    watch = Watch()
    channel = channel_over([outlet(one, weight=1000), outlet(other)], watch)
    one.at_sender = REFUSED
    for _ in range(4):
        assert await channel.send(messages(20)) == [Delivered("250")] * 20
    assert len(one.senders) <= 20, "it is left alone after the first"
    asked = len(one.senders)
    watch.now += MINUTE
    assert await channel.send(messages(20)) == [Delivered("250")] * 20
    assert len(one.senders) == asked + 1, "one mail probes"
    one.at_sender = "250 ok"
    watch.now += 2 * MINUTE
    assert await channel.send(messages(1)) == [Delivered("250")]
    assert await channel.send(messages(20)) == [Delivered("250")] * 20
    assert len(one.mails) >= 20
    said = [record.message for record in caplog.records if record.name == "services.notifier.channels.email.relays"]
    name = f"127.0.0.1:{one.address[1]}"
    assert said == [f"mails go past the mail server {name}: 553 5.1.8", f"mails go through the mail server {name} again"]


@pytest.mark.parametrize("mended", [0, 1])
async def test_while_all_refuse_us_all_are_asked_and_whoever_is_mended_first_is_used(
    offices: tuple[PostOffice, PostOffice], mended: int
) -> None:
    """Whether to ask at all is decided for all mail, elsewhere."""
    one, other = offices
    channel = channel_over([outlet(one), outlet(other)])
    one.at_sender = other.at_sender = REFUSED
    for _ in range(3):
        assert await channel.send(messages(20)) == [Retry(None, Trouble.RELAY, "553 5.1.8")] * 20
    asked = (len(one.senders), len(other.senders))
    assert await sent(channel, MESSAGE) == Retry(None, Trouble.RELAY, "553 5.1.8")
    assert (len(one.senders), len(other.senders)) == (asked[0] + 1, asked[1] + 1)
    offices[mended].at_sender = "250 ok"
    assert await channel.send(messages(20)) == [Delivered("250")] * 20


# ── how they are named ───────────────────────────────────────────────────────────────────────


async def test_relays_are_named_by_urls() -> None:
    said = "smtp://shop:p%40ss%3Aw%2F@mail-1.example:587?weight=3  smtps://mail-2.example\nsmtp://[::1]:2525?tls=none"
    assert relays_of(said) == (
        Relay("mail-1.example", 587, "starttls", "shop", "p@ss:w/", 3),
        Relay("mail-2.example", 465, "tls"),
        Relay("::1", 2525, "none"),
    )
    assert "p@ss" not in repr(relays_of(said))
    assert relays_of("  ") == ()


@pytest.mark.parametrize(
    "url",
    [
        "mail.example:25",
        "http://hush.example",
        "smtp://hush.example:port",
        "smtp://hush.example:99999",
        "smtp://",
        "smtp://hush.example?weight=0",
        "smtp://hush.example?weight=1001",
        "smtp://hush.example?weight=much",
        "smtp://hush.example?tls=perhaps",
        "smtps://hush.example?tls=none",
        "smtp://hush.example?password=hush",
        "smtp://hush.example/hush",
        "smtp://hush@hush.example",
        "smtp://:hush@hush.example",
    ],
)
async def test_what_names_no_relay_is_refused_by_its_place_and_not_shown(url: str) -> None:
    with pytest.raises(ValueError, match="relay 2") as refused:
        relays_of(f"smtp://mail.example {url}")
    assert "hush" not in str(refused.value)


async def test_each_relay_is_named_once() -> None:
    with pytest.raises(ValueError, match="two of the relays are one"):
        relays_of("smtp://mail.example smtp://mail.example:25?weight=2")
