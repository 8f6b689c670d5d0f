"""The channel `email` meets a real SMTP server: every way a try can end has one outcome, and none raises."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.notifier.channels.breaker import Breaker
from services.notifier.channels.email.channel import Email
from services.notifier.channels.email.connections import AT_ONCE, CONNECT, Connections
from services.notifier.channels.email.mail import Sender
from services.notifier.channels.email.pipelining import MAILS, Limits
from services.notifier.channels.email.relays import Outlet
from services.notifier.channels.email.wire import Wire
from services.notifier.channels.outcome import Delivered, Failed, Outcome, Refusal, Rendered, Retry, Trouble
from services.notifier.deciding.policy import Retries
from tests.builders import NOON
from tests.contract.brokers import eventually
from tests.smtp import Do, PostOffice, post_office

pytestmark = pytest.mark.asyncio

IN_THE_CLEAR = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
SENDER = Sender("Shop", "support@example.com")
LINK = "https://example.com/u/t"
MESSAGE = Rendered("n-1", "opened", "ada@example.org", "Ada", "checkout is failing", "Hello\n", "i-1", None, LINK, date=NOON)


def over(connections: Connections, limits: Limits = Limits(command=5.0, end_of_data=5.0)) -> Email:  # noqa: B008  it is frozen
    return Email([Outlet("the relay", connections, Breaker(Retries()))], SENDER, limits)


def channel_to(office: PostOffice, *, command: float = 5.0, end_of_data: float = 5.0, patience: float = 5.0) -> Email:
    host, port = office.address
    return over(Connections(host, port, own_name="example.com", connect=2.0, command=command), Limits(command, end_of_data, patience))


async def sent(channel: Email, message: Rendered) -> Outcome:
    [outcome] = await channel.send([message])
    return outcome


@pytest.fixture(params=[True, False], ids=["pipelining", "one by one"])
async def office(request: pytest.FixtureRequest) -> AsyncIterator[PostOffice]:
    async with post_office(pipelining=request.param) as it:
        yield it


async def test_what_the_server_takes_is_delivered(office: PostOffice) -> None:
    assert await sent(channel_to(office), MESSAGE) == Delivered("250")
    [mail] = office.to("ada@example.org")
    assert mail["Message-ID"] == "<n-1@example.com>"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("450 4.2.1 later, please", Retry(None, Trouble.DEFERRED, "450 4.2.1")),
        ("451 greylisted", Retry(None, Trouble.DEFERRED, "451")),
        ("452 4.2.2 the mailbox is full", Retry(None, Trouble.DEFERRED, "452 4.2.2")),
        ("550 no", Failed(Refusal.REFUSED, "550")),
        ("550 5.7.1 not from you", Failed(Refusal.REFUSED, "550 5.7.1")),
        ("550 5.1.1 no such user", Failed(Refusal.ADDRESS, "550 5.1.1")),
        ("553 5.1.3 <ada@example.org> is no address", Failed(Refusal.ADDRESS, "553 5.1.3")),
        ("421 4.3.2 closing", Retry(None, Trouble.DEFERRED, "421 4.3.2")),
        ("550 5.1.2 no such domain", Failed(Refusal.ADDRESS, "550 5.1.2")),
        ("551 5.1.6 moved", Failed(Refusal.ADDRESS, "551 5.1.6")),
        ("556 5.1.10 the domain takes no mail", Failed(Refusal.ADDRESS, "556 5.1.10")),
        ("550 5.1.0 something about an address", Failed(Refusal.REFUSED, "550 5.1.0")),
        ("550 5.1.4 ambiguous", Failed(Refusal.REFUSED, "550 5.1.4")),
        ("550 5.2.1 disabled", Failed(Refusal.REFUSED, "550 5.2.1")),
        ("550 the host [5.1.1.9] is on a list, see 5.1.1", Failed(Refusal.REFUSED, "550")),
        ("550 5.1.8 <support@example.com>: sender address rejected: domain not found", Retry(None, Trouble.RELAY, "550 5.1.8")),
        ("450 4.1.8 <support@example.com>: sender address rejected: domain not found", Retry(None, Trouble.RELAY, "450 4.1.8")),
        ("553 5.1.7 bad sender", Retry(None, Trouble.RELAY, "553 5.1.7")),
        ("530 5.7.0 authentication required", Retry(None, Trouble.RELAY, "530 5.7.0")),
    ],
)
@pytest.mark.parametrize("where", ["recipient", "end of data"])
async def test_each_refusal_has_its_outcome(office: PostOffice, where: str, answer: str, outcome: Retry | Failed) -> None:
    (office.at_recipient if where == "recipient" else office.at_end)["ada@example.org"] = [answer]
    assert await sent(channel_to(office), MESSAGE) == outcome
    assert office.mails == []


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        ("553 5.1.8 sender domain does not exist", "553 5.1.8"),
        ("550 5.1.1 no such sender", "550 5.1.1"),
        ("530 5.7.0 authentication required", "530 5.7.0"),
        ("554 5.7.1 you are blocked", "554 5.7.1"),
        ("550 5.4.5 daily quota exceeded", "550 5.4.5"),
        ("451 4.3.0 later", "451 4.3.0"),
        ("421 too many connections", "421"),
    ],
)
@pytest.mark.parametrize("where", ["greeting", "EHLO", "MAIL"])
async def test_whatever_is_said_before_the_recipient_is_the_relays_trouble(where: str, answer: str, detail: str) -> None:
    async with refusing_at(where, answer) as office:
        channel = channel_to(office)
        assert await sent(channel, MESSAGE) == Retry(None, Trouble.RELAY, detail)
        assert await sent(channel, replace(MESSAGE, address="bob@example.org")) == Retry(None, Trouble.RELAY, detail)
        assert office.mails == []


@asynccontextmanager
async def refusing_at(where: str, answer: str) -> AsyncIterator[PostOffice]:
    if where == "greeting":

        async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(f"{answer}\r\n".encode())
            writer.close()
            await writer.wait_closed()

        async with await asyncio.start_server(greet, "127.0.0.1", 0) as greets:
            yield PostOffice(greets.sockets[0].getsockname())
        return
    async with post_office() as office:
        if where == "EHLO":
            office.at_hello = answer
        else:
            office.at_sender = answer
        yield office


async def test_after_a_refusal_the_connection_goes_on_with_the_next(office: PostOffice) -> None:
    office.at_recipient["nobody@example.org"] = ["550 5.1.1 no such user"]
    office.at_end["full@example.org"] = ["452 4.2.2 full"]
    channel = channel_to(office)
    for address in ("nobody@example.org", "full@example.org", "ada@example.org"):
        last = await sent(channel, replace(MESSAGE, address=address))
    assert last == Delivered("250")
    assert office.connections == 1


async def test_a_drop_after_data_is_unknown_and_the_next_try_has_the_same_message_id(office: PostOffice) -> None:
    office.at_end["ada@example.org"] = [Do.DROP]
    channel = channel_to(office)
    outcome = await sent(channel, MESSAGE)
    assert isinstance(outcome, Retry)
    assert outcome.uncertain
    assert await sent(channel, MESSAGE) == Delivered("250")
    first, second = office.to("ada@example.org")
    assert first["Message-ID"] == second["Message-ID"]


async def test_a_drop_before_data_is_certain(office: PostOffice) -> None:
    office.at_recipient["ada@example.org"] = [Do.DROP]
    outcome = await sent(channel_to(office), MESSAGE)
    assert outcome == Retry(None, Trouble.UNREACHABLE, "SMTPServerDisconnected")
    assert office.mails == []


async def test_a_server_that_hangs_is_given_up_after_the_commands_time(office: PostOffice) -> None:
    office.at_recipient["ada@example.org"] = [Do.HANG]
    outcome = await sent(channel_to(office, command=0.2), MESSAGE)
    assert outcome == Retry(None, Trouble.UNREACHABLE, "SMTPReadTimeoutError")


async def test_a_server_that_hangs_after_data_leaves_it_unknown(office: PostOffice) -> None:
    office.at_end["ada@example.org"] = [Do.HANG]
    outcome = await sent(channel_to(office, end_of_data=0.2), MESSAGE)
    assert outcome == Retry(None, Trouble.UNKNOWN, "SMTPReadTimeoutError")


async def test_a_server_that_is_away_is_unreachable() -> None:
    async with post_office() as office:
        channel = channel_to(office)
    assert await sent(channel, MESSAGE) == Retry(None, Trouble.UNREACHABLE, "SMTPConnectError")


async def test_a_listener_that_says_nothing_is_unreachable() -> None:
    writers: list[asyncio.StreamWriter] = []
    quiet = await asyncio.start_server(lambda _reader, writer: writers.append(writer), "127.0.0.1", 0)
    host, port = quiet.sockets[0].getsockname()
    channel = over(Connections(host, port, own_name="example.com", connect=0.2))
    outcome = await sent(channel, MESSAGE)
    quiet.close()
    for writer in writers:
        writer.close()
        await writer.wait_closed()
    assert outcome == Retry(None, Trouble.UNREACHABLE, "SMTPConnectTimeoutError")


async def test_a_name_that_dns_does_not_know_is_unreachable_and_so_is_one_that_listens_nowhere() -> None:
    for host in ("mail.invalid", "::1"):
        assert await sent(over(Connections(host, 1, own_name="example.com", connect=5.0)), MESSAGE) == Retry(
            None, Trouble.UNREACHABLE, "SMTPConnectError"
        )


async def test_a_server_that_has_only_ipv6_is_reached() -> None:
    async with post_office(host="::1") as office:
        connections = Connections("::1", office.address[1], own_name="example.com")
        assert await sent(over(connections), MESSAGE) == Delivered("250")


async def test_a_server_is_waited_for_as_long_as_the_standard_wants() -> None:
    assert (CONNECT, Limits().command, Limits().end_of_data) == (10.0, 60.0, 600.0)


@IN_THE_CLEAR
async def test_a_server_that_wants_a_login_gets_it() -> None:
    async with post_office(password="a password") as office:
        host, port = office.address
        connections = Connections(host, port, own_name="example.com", username="shop", password="a password")
        assert await sent(over(connections), MESSAGE) == Delivered("250")


@IN_THE_CLEAR
async def test_a_wrong_password_is_no_fault_of_the_message(caplog: pytest.LogCaptureFixture) -> None:
    async with post_office(password="a password") as office:
        host, port = office.address
        connections = Connections(host, port, own_name="example.com", username="shop", password="an old one")
        outcomes = [await sent(over(connections), MESSAGE) for _ in range(3)]
    assert outcomes == [Retry(None, Trouble.RELAY, "535 5.7.8")] * 3
    said = [record.message for record in caplog.records if record.name == "services.notifier.channels.email.connections"]
    assert len(said) == 1, "once, not at every try"
    assert "535" in said[0]
    assert "an old one" not in said[0]


async def test_a_server_without_tls_is_not_talked_to_where_tls_is_wanted(office: PostOffice) -> None:
    host, port = office.address
    outcome = await sent(over(Connections(host, port, own_name="example.com", tls="starttls")), MESSAGE)
    assert outcome == Retry(None, Trouble.RELAY, "SMTPException")
    assert office.mails == []


# ── connections ──────────────────────────────────────────────────────────────────────────────


async def test_a_connection_is_used_again_one_mail_at_a_time(office: PostOffice) -> None:
    channel = channel_to(office)
    for number in range(5):
        await sent(channel, replace(MESSAGE, id=f"n-{number}"))
    assert office.connections == 1
    await asyncio.gather(*(sent(channel, replace(MESSAGE, id=f"m-{number}")) for number in range(4)))
    assert office.connections == 4
    assert len(office.mails) == 9


async def test_messages_given_together_go_over_one_connection_and_have_their_outcomes_in_their_order(office: PostOffice) -> None:
    addresses = ["ada@example.org", "not an address", "bob@example.org", "eve@example.org"]
    outcomes = await channel_to(office).send([replace(MESSAGE, id=f"n-{at}", address=address) for at, address in enumerate(addresses)])
    unsupported = Failed(Refusal.UNSUPPORTED, "not an address")
    assert outcomes == [Delivered("250"), unsupported, Delivered("250"), Delivered("250")]
    assert [mail["Message-ID"] for _, mail in office.mails] == [f"<n-{at}@example.com>" for at in (0, 2, 3)]
    assert office.connections == 1, "and for what is no address no server is asked"
    assert await channel_to(office).send([]) == []


async def test_of_many_that_are_sent_at_once_so_many_are_under_way_and_no_more(office: PostOffice) -> None:
    many = [replace(MESSAGE, id=f"n-{number}", address=f"c-{number}@example.org") for number in range(2 * AT_ONCE + 1)]
    for message in many:
        office.at_end[message.address] = [Do.HOLD]
    channel = channel_to(office)
    sending = asyncio.gather(*(channel.send([message]) for message in many))
    await eventually(lambda: office.held == AT_ONCE)
    office.gate.set()
    assert await sending == [[Delivered("250")]] * len(many)
    assert office.connections == AT_ONCE == channel.at_once


# ── a message that is trouble, and the others ────────────────────────────────────────────────


async def test_what_no_mail_can_be_made_of_has_an_outcome_of_its_own_and_costs_the_others_nothing(office: PostOffice) -> None:
    before_any_calendar = datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))
    messages = [MESSAGE, replace(MESSAGE, id="n-2", date=before_any_calendar), replace(MESSAGE, id="n-3")]
    malformed = Retry(None, Trouble.MALFORMED, "OverflowError")
    assert await channel_to(office).send(messages) == [Delivered("250"), malformed, Delivered("250")]
    assert sorted(mail["Message-ID"] for _, mail in office.mails) == ["<n-1@example.com>", "<n-3@example.com>"]


class RaisesOnce(Connections):
    """A pool with a defect: it raises what no pool should when it is asked the first time."""

    asked = 0

    async def take(self) -> Wire:
        self.asked += 1
        if self.asked == 1:
            raise RuntimeError("a defect")
        return await super().take()


async def test_a_defect_before_anything_was_handed_over_leaves_all_to_be_tried_again(office: PostOffice) -> None:
    channel = over(RaisesOnce(*office.address, own_name="example.com"))
    messages = [MESSAGE, replace(MESSAGE, id="n-2")]
    assert await channel.send(messages) == [Retry(None, Trouble.UNREACHABLE, "RuntimeError")] * 2
    assert await channel.send(messages) == [Delivered("250")] * 2


async def test_whoever_gives_up_a_send_gives_up_all_of_it(office: PostOffice) -> None:
    office.at_end[MESSAGE.address] = [Do.HOLD]
    sending = asyncio.create_task(channel_to(office).send([MESSAGE]))
    await asyncio.wait_for(office.holding.wait(), 5)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


@pytest.mark.parametrize("answer", ["what is this", "299 done, perhaps"])
async def test_an_answer_to_the_message_that_is_neither_yes_nor_no_leaves_it_unknown(office: PostOffice, answer: str) -> None:
    office.at_end["ada@example.org"] = [answer]
    channel = channel_to(office)
    outcome = await sent(channel, MESSAGE)
    assert isinstance(outcome, Retry)
    assert outcome.uncertain
    assert await sent(channel, replace(MESSAGE, id="n-2")) == Delivered("250")
    assert office.connections == 2, "what still comes on the first is no answer to the next"


async def test_a_connection_the_server_closed_meanwhile_costs_no_try(office: PostOffice) -> None:
    channel = channel_to(office)
    await sent(channel, MESSAGE)
    await office.hang_up()
    assert await sent(channel, replace(MESSAGE, id="n-2")) == Delivered("250")


async def test_a_connection_that_has_sent_much_is_replaced(office: PostOffice) -> None:
    channel = channel_to(office)
    for number in range(MAILS + 1):
        await sent(channel, replace(MESSAGE, id=f"n-{number}"))
    assert office.connections == 2


async def test_idle_connections_are_closed_in_the_end(office: PostOffice) -> None:
    connections = Connections(*office.address, own_name="example.com")
    wire = await connections.take()
    connections.give_back(wire)
    running = asyncio.create_task(connections.run())
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running])
    assert not wire.is_open


# ── addresses and words ──────────────────────────────────────────────────────────────────────


async def test_an_address_beyond_ascii_is_delivered_where_the_server_takes_such(office: PostOffice) -> None:
    assert await sent(channel_to(office), replace(MESSAGE, address="jörg@example.org")) == Delivered("250")
    [mail] = office.to("jörg@example.org")
    assert "jörg@example.org" in str(mail["To"])


async def test_an_address_beyond_ascii_fails_where_the_server_does_not() -> None:
    async with post_office(smtputf8=False) as office:
        channel = channel_to(office)
        outcome = await sent(channel, replace(MESSAGE, address="jörg@example.org"))
        assert outcome == Failed(Refusal.UNSUPPORTED, "the server takes no SMTPUTF8 address")
        assert await sent(channel, MESSAGE) == Delivered("250"), "and the worker lives on"


@pytest.mark.parametrize(("domain", "in_dns"), [("bücher.example", "xn--bcher-kva.example"), ("faß.example", "xn--fa-hia.example")])
async def test_a_domain_beyond_ascii_goes_out_as_dns_has_it(office: PostOffice, domain: str, in_dns: str) -> None:
    assert await sent(channel_to(office), replace(MESSAGE, address=f"ada@{domain}")) == Delivered("250")
    [mail] = office.to(f"ada@{in_dns}")
    assert mail["To"].addresses[0].domain == in_dns


HOSTILE = st.text(st.characters(codec="utf-8") | st.sampled_from("\r\n\0\t<>,;:@\"'\\ \x1b\u2028"), max_size=60) | st.sampled_from(
    ["x\r\nBcc: eve@example.net", "x\n\nBody", "<eve@example.net>", '"', "\r\n.\r\n", "=?utf-8?q?=0D=0ABcc:eve@example.net?=", "\udc80\0"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=HOSTILE, subject=HOSTILE, text=HOSTILE, incident=HOSTILE)
async def test_no_words_make_a_header_or_a_recipient_of_their_own(
    office: PostOffice, name: str, subject: str, text: str, incident: str
) -> None:
    office.mails.clear()
    outcome = await sent(channel_to(office), replace(MESSAGE, name=name, subject=subject, text=text, incident_id=incident))
    assert outcome == Delivered("250")
    [(recipient, mail)] = office.mails
    assert recipient == "ada@example.org"
    expected = {
        *("Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted", "X-Forewarn-Kind", "X-Forewarn-Incident"),
        *("List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version", "Content-Type", "X-Peer"),
    }
    assert set(mail.keys()) <= expected
    assert [address.addr_spec for address in mail["To"].addresses] == ["ada@example.org"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(address=HOSTILE)
async def test_no_address_reaches_anybody_else(office: PostOffice, address: str) -> None:
    office.mails.clear()
    outcome = await sent(channel_to(office), replace(MESSAGE, address=address))
    assert isinstance(outcome, Failed | Delivered)
    assert {recipient.rpartition("@")[0] for recipient, _ in office.mails} <= {address.rpartition("@")[0]}
