"""What becomes of a mail does not depend on the company it goes in: pipelined, one by one, or alone."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifier.channels.email.carrying import carry
from services.notifier.channels.email.connections import AT_ONCE, Connections
from services.notifier.channels.email.pipelining import MAILS, Limits, Mail, ready, stuffed
from services.notifier.channels.outcome import Delivered, Failed, Outcome, Refusal, Retry, Trouble
from tests.contract.brokers import eventually
from tests.scripted_smtp import DROP, TAKE_AND_DROP, Script, Scripted, scripted
from tests.smtp import Do, post_office

pytestmark = pytest.mark.asyncio

LIMITS = Limits(command=5.0, end_of_data=5.0, refusals=99)
RAW = b"Subject: x\r\n\r\nHello\r\n"


def mails(count: int) -> list[Mail]:
    return [ready(f"n-{at}", f"n-{at}@example.com", f"c-{at}@example.org", b"X-Id: n-%d\r\n%s" % (at, RAW)) for at in range(count)]


async def carried(port: int, given_: Sequence[Mail], limits: Limits = LIMITS) -> list[Outcome]:
    """Returns the outcomes, in the mails' order, over connections that are new."""
    connections = Connections("127.0.0.1", port, own_name="example.com", connect=2.0, command=5.0)
    outcomes = await carry(connections, given_, limits)
    closing = asyncio.create_task(connections.run())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait([closing])
    assert list(outcomes) == list(given_)
    return list(outcomes.values())


SCRIPTS = st.builds(
    Script,
    mail=st.sampled_from(["250"] * 8 + ["451 4.3.0", "550 5.7.1", "421 4.3.2", DROP]),
    rcpt=st.sampled_from(["250"] * 8 + ["251", "252", "450 4.2.1", "550 5.1.1", "550 5.1.8", "421 4.3.2", DROP]),
    data=st.sampled_from(["354"] * 8 + ["451", "554 5.7.1", "421", "250", DROP]),
    end=st.sampled_from(["250"] * 8 + ["452 4.2.2", "554 5.6.0", "421 4.3.2", "299", DROP, TAKE_AND_DROP]),
)


@settings(max_examples=150, deadline=None)
@given(scripts=st.lists(SCRIPTS, max_size=12), lets_data_through=st.booleans())
async def test_outcomes_are_the_same_pipelined_one_by_one_and_alone(scripts: list[Script], lets_data_through: bool) -> None:
    by_sender = {f"n-{at}": script for at, script in enumerate(scripts)}
    given_ = mails(len(scripts))
    found: list[list[Outcome]] = []
    for pipelining, alone in ((True, False), (False, False), (True, True), (False, True)):
        async with scripted(by_sender, pipelining=pipelining, lets_data_through=lets_data_through) as server:
            if alone:
                found.append([(await carried(server.port, [mail]))[0] for mail in given_])
            else:
                found.append(await carried(server.port, given_))
            told_as_it_is(server, given_, found[-1])
    assert all(each == found[0] for each in found)


def told_as_it_is(server: Scripted, given_: Sequence[Mail], outcomes: Sequence[Outcome]) -> None:
    """Checks that what was accepted came whole and once, that what is certain not to have come did not, and nobody got an empty mail."""
    for mail, outcome in zip(given_, outcomes, strict=True):
        came = server.taken.get(mail.id, [])
        assert all(raw + b"\r\n.\r\n" == mail.data for raw in came)
        if isinstance(outcome, Retry) and outcome.uncertain:
            assert len(came) <= 1
        else:
            assert len(came) == isinstance(outcome, Delivered)
    assert set(server.strays) <= {b""}


async def test_a_connection_lost_after_a_final_dot_leaves_that_mail_unknown_and_the_others_go_over_another_at_once() -> None:
    async with scripted({f"n-{at}": Script() for at in range(6)} | {"n-2": Script(end=TAKE_AND_DROP)}, pipelining=True) as server:
        outcomes = await carried(server.port, mails(6))
        assert outcomes == [Delivered("250")] * 2 + [Retry(None, Trouble.UNKNOWN, "SMTPServerDisconnected")] + [Delivered("250")] * 3
        assert {sender: len(came) for sender, came in server.taken.items()} == {f"n-{at}": 1 for at in range(6)}
        assert server.connections == 2


async def test_a_server_that_lets_data_through_without_a_recipient_gets_a_lone_dot_and_nothing_of_the_mail() -> None:
    async with scripted({"n-0": Script(rcpt="550 5.1.1"), "n-1": Script()}, pipelining=True, lets_data_through=True) as server:
        assert await carried(server.port, mails(2)) == [Failed(Refusal.ADDRESS, "550 5.1.1"), Delivered("250")]
        assert (server.strays, server.connections) == ([b""], 1)


async def test_a_recipient_that_was_taken_in_a_way_we_do_not_know_gets_no_empty_mail() -> None:
    async with scripted({"n-0": Script(rcpt="252"), "n-1": Script()}, pipelining=True) as server:
        assert await carried(server.port, mails(2)) == [Retry(None, Trouble.DEFERRED, "252"), Delivered("250")]
        assert (list(server.taken), server.strays, server.connections) == (["n-1"], [], 2)


async def test_a_connection_brings_so_many_and_then_another_goes_on() -> None:
    given_ = mails(MAILS + 1)
    async with scripted({mail.id: Script() for mail in given_}, pipelining=True) as server:
        assert await carried(server.port, given_) == [Delivered("250")] * len(given_)
        assert server.connections == 2


async def test_while_a_server_takes_its_time_over_one_mail_the_others_go_over_another_connection() -> None:
    async with post_office(pipelining=True) as office:
        office.at_end["c-0@example.org"] = [Do.HOLD]
        carrying = asyncio.create_task(carried(office.address[1], mails(6), Limits(5.0, 5.0, patience=0.05)))
        await eventually(lambda: len(office.mails) == 6)
        assert (carrying.done(), office.held) == (False, 1)
        office.gate.set()
        assert await carrying == [Delivered("250")] * 6
        assert office.connections == 2
        assert sorted(recipient for recipient, _ in office.mails) == [f"c-{at}@example.org" for at in range(6)], "each once"


async def test_a_server_that_hangs_for_all_of_them_is_given_up_after_the_time_of_one_command() -> None:
    async with post_office(pipelining=True) as office:
        for at in range(30):
            office.at_recipient[f"c-{at}@example.org"] = [Do.HANG] * 9
        outcomes = await carried(office.address[1], mails(30), Limits(0.2, 5.0))
    assert outcomes == [Retry(None, Trouble.UNREACHABLE, "SMTPReadTimeoutError")] * 30
    assert office.connections == 1


async def test_a_server_that_hangs_takes_no_more_connections_than_there_may_be() -> None:
    async with post_office(pipelining=True) as office:
        for at in range(30):
            office.at_recipient[f"c-{at}@example.org"] = [Do.HANG] * 9
        outcomes = await carried(office.address[1], mails(30), Limits(0.5, 5.0, patience=0.02))
    assert outcomes == [Retry(None, Trouble.UNREACHABLE, "SMTPReadTimeoutError")] * 30
    assert office.connections <= AT_ONCE


async def test_a_server_that_refuses_us_again_and_again_is_not_asked_about_the_rest() -> None:
    scripts = {f"n-{at}": Script(mail="553 5.1.8") for at in range(20)}
    async with scripted(scripts, pipelining=True) as server:
        assert await carried(server.port, mails(20), Limits(5.0, 5.0)) == [Retry(None, Trouble.RELAY, "553 5.1.8")] * 20
        assert server.asked == 5


@pytest.mark.parametrize("pipelining", [True, False])
async def test_a_refusal_counts_though_the_rest_of_the_answers_does_not_come(pipelining: bool) -> None:
    async with scripted({"n-0": Script(mail="553 5.1.8", rcpt=DROP), "n-1": Script()}, pipelining=pipelining, hears_all=True) as server:
        assert await carried(server.port, mails(2)) == [Retry(None, Trouble.RELAY, "553 5.1.8"), Delivered("250")]


async def test_an_answer_that_nobody_asked_for_is_not_taken_for_the_next_one() -> None:
    """Servers say 421 before they close an idle connection."""
    idle = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        await reader.readline()
        writer.write(b"250-hello\r\n250 PIPELINING\r\n")
        await idle.wait()
        writer.write(b"421 4.4.2 idle for too long\r\n")
        await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        connections = Connections("127.0.0.1", server.sockets[0].getsockname()[1], own_name="example.com")
        wire = await connections.take()
        idle.set()
        await eventually(lambda: not wire.is_quiet)
        connections.give_back(wire)
        assert not wire.is_open


# ── the bytes of a mail ──────────────────────────────────────────────────────────────────────


@given(raw=st.binary(max_size=60) | st.text("\r\n.x", max_size=30).map(str.encode))
async def test_what_is_sent_is_the_mail_with_its_dots_doubled_and_ends_nowhere_but_at_its_end(raw: bytes) -> None:
    data = stuffed(raw)
    assert data.endswith(b"\r\n.\r\n") or data == b".\r\n" or data.endswith(b"\n.\r\n")
    lines = data.split(b"\r\n")
    assert lines[-2:] == [b".", b""]
    assert b"." not in lines[:-2], "no line before the last is a dot alone"
    assert all(b"\r" not in line and b"\n" not in line for line in lines), "no line end that servers see differently (SMTP smuggling)"
    received = b"\r\n".join(line.removeprefix(b".") for line in lines[:-2])
    assert received.splitlines() == raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")[: len(received.splitlines())]
