"""`forewarn check-mail` asks a real name server, and says of each thing whether it is right, and what to write into DNS."""

import asyncio
import base64
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from deploy.local.cli import app
from deploy.local.mail import verdicts
from deploy.local.mail.command import Sending, judge
from deploy.local.mail.names import Names, NoAnswer
from deploy.local.mail.spf import LOOKUPS, Check, Result, Wrong
from deploy.local.mail.verdicts import Level, Line
from tests.dns_server import NameServer, name_server

RELAY = "203.0.114.7"
SENDING = Sending("shop.example", ("relay.example",), "bounces.shop.example", "mail", "shop.example")


def public(key: Any) -> str:
    return base64.b64encode(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


RSA = public(rsa.generate_private_key(65537, 2048))


def text(said: str) -> str:
    """Returns a TXT record as zone files have it, in strings of 200 characters."""
    return " ".join(f'"{said[at : at + 200]}"' for at in range(0, len(said), 200))


GOOD = {
    ("relay.example", "A"): [RELAY],
    ("7.114.0.203.in-addr.arpa", "PTR"): ["relay.example."],
    ("shop.example", "A"): ["203.0.114.80"],
    ("bounces.shop.example", "TXT"): ['"v=spf1 include:_spf.relay.example -all"', '"other"'],
    ("_spf.relay.example", "TXT"): ['"v=spf1 ip4:203.0.114.0/24 -all"'],
    ("bounces.shop.example", "MX"): ["10 mx.shop.example.", "5 mx0.shop.example."],
    ("mail._domainkey.shop.example", "TXT"): [text(f"v=DKIM1; k=rsa; p={RSA}")],
    ("_dmarc.shop.example", "TXT"): ['"v=DMARC1; p=reject; rua=mailto:d@shop.example"'],
}


@pytest.fixture
async def server() -> AsyncIterator[NameServer]:
    async with name_server() as it:
        it.records = dict(GOOD)
        yield it


def names(server: NameServer) -> Names:
    return Names((server.address,), within=1.0)


async def said(server: NameServer, sending: Sending = SENDING) -> dict[str, Line]:
    """Returns the verdicts by what they are about; the last of each."""
    return {line.about: line async for line in judge(sending, names(server))}


# ── the whole ────────────────────────────────────────────────────────────────────────────────


async def test_where_all_is_right_nothing_is_to_be_written(server: NameServer) -> None:
    lines = [line async for line in judge(SENDING, names(server))]
    assert [line.about for line in lines] == ["SPF", "DKIM", "DMARC", "alignment", "bounces", "relay"]
    assert {line.level for line in lines} == {Level.OK}
    assert not any(line.write for line in lines)
    assert next(line.said for line in lines if line.about == "bounces").endswith("mx0.shop.example, mx.shop.example")
    assert len(server.asked) == len(set(server.asked)), "each question is asked once"


async def test_where_nothing_is_there_it_says_what_to_write(server: NameServer) -> None:
    server.records = {("relay.example", "A"): [RELAY]}
    lines = await said(server)
    assert [lines[about].level for about in ("SPF", "DKIM", "DMARC", "bounces")] == [Level.WRONG] * 4
    assert lines["SPF"].write == 'bounces.shop.example. TXT "v=spf1 a:relay.example ~all"'
    assert lines["DKIM"].write.startswith("mail._domainkey.shop.example. TXT ")
    assert lines["DMARC"].write.startswith("_dmarc.shop.example. TXT ")
    assert lines["bounces"].write.startswith("bounces.shop.example. MX ")
    assert lines["relay"].level is Level.LOOK


async def test_a_server_that_fails_is_no_missing_record(server: NameServer) -> None:
    server.failing = {"bounces.shop.example", "_dmarc.shop.example"}
    lines = await said(server)
    assert lines["SPF"] == Line(Level.LOOK, "SPF", "DNS gave no answer: TXT of bounces.shop.example: NoNameservers")
    assert lines["DMARC"].level is lines["bounces"].level is Level.LOOK
    assert lines["DKIM"].level is lines["relay"].level is Level.OK


async def test_a_server_that_is_silent_is_given_up(server: NameServer) -> None:
    server.silent = {"relay.example"}
    with pytest.raises(NoAnswer, match=r"A of relay\.example: LifetimeTimeout"):
        await Names((server.address,), within=0.2).addresses("relay.example")


async def test_a_relay_of_ones_own_network_says_nothing_of_the_world(server: NameServer) -> None:
    server.records["relay.example", "A"] = ["10.0.0.7"]
    lines = await said(server)
    assert lines["relay"].level is Level.LOOK
    assert "SPF" not in lines


# ── SPF ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("record", "result"),
    [
        ("v=spf1 ip4:203.0.114.7 -all", Result.PASS),
        ("V=SPF1 IP4:203.0.114.0/24 -ALL", Result.PASS),
        ("v=spf1 ip4:203.0.115.0/24 ip6:2001:db8::/32 -all", Result.FAIL),
        ("v=spf1 ~all", Result.SOFTFAIL),
        ("v=spf1 ?all", Result.NEUTRAL),
        ("v=spf1", Result.NEUTRAL),
        ("v=spf1 all", Result.PASS),
        ("v=spf1 -ip4:203.0.114.7 all", Result.FAIL),
        ("v=spf1 a:relay.example -all", Result.PASS),
        ("v=spf1 a -all", Result.FAIL),
        ("v=spf1 a/8 -all", Result.PASS),
        ("v=spf1 a:near.example/24 -all", Result.PASS),
        ("v=spf1 mx:mailed.example -all", Result.PASS),
        ("v=spf1 include:_spf.relay.example ~all", Result.PASS),
        ("v=spf1 include:other.example ~all", Result.SOFTFAIL),
        ("v=spf1 redirect=_spf.relay.example", Result.PASS),
        ("v=spf1 exists:%{i}.example ptr exp=x.example -all", Result.FAIL),
        ("spf1 all", Result.NONE),
    ],
)
async def test_spf_says_whether_the_relay_may_send(server: NameServer, record: str, result: Result) -> None:
    server.records |= {
        ("d.example", "TXT"): [text(record)],
        ("d.example", "A"): ["203.0.115.1"],
        ("near.example", "A"): ["203.0.114.99"],
        ("mailed.example", "MX"): ["10 relay.example."],
        ("other.example", "TXT"): ['"v=spf1 -all"'],
    }
    assert await Check(names(server), (await names(server).addresses(RELAY))[0]).result("d.example") is result


@pytest.mark.parametrize(
    ("records", "why"),
    [
        (['"v=spf1 -all"', '"v=spf1 +all"'], "has 2 records"),
        (['"v=spf1 ip4:nonsense -all"'], "is no network"),
        (['"v=spf1 ipv4:203.0.114.7 -all"'], "is no mechanism"),
        (['"v=spf1 include:no.example -all"'], "leads to no record"),
        (['"v=spf1 redirect=no.example"'], "leads to no record"),
        (['"v=spf1 include:d.example -all"'], f"more than {LOOKUPS} look-ups"),
        (['"v=spf1 a:1.example a:2.example a:3.example a:4.example a:5.example a:6.example a:7.example"', '"x"'], None),
    ],
)
async def test_spf_that_receivers_cannot_use(server: NameServer, records: list[str], why: str | None) -> None:
    server.records["d.example", "TXT"] = records
    check = Check(names(server), (await names(server).addresses(RELAY))[0])
    if why is None:
        assert await check.result("d.example") is Result.NEUTRAL
        return
    with pytest.raises(Wrong, match=why):
        await check.result("d.example")
    line = (await said(server, replace(SENDING, return_path="d.example")))["SPF"]
    assert line.level is Level.WRONG


@given(st.text(max_size=60))
def test_no_record_of_spf_raises_anything_else(terms: str) -> None:
    class Known(Names):
        async def _asked(self, name: str, kind: str) -> list[str]:
            return [f"v=spf1 {terms}"] if (name, kind) == ("d.example", "TXT") else []

    async def result() -> Result | None:
        known = Known(("127.0.0.1",))
        try:
            return await Check(known, (await known.addresses(RELAY))[0]).result("d.example")
        except Wrong:
            return None

    assert asyncio.run(result()) in {None, *Result}


# ── DKIM, DMARC, the rest ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("texts", "level", "part"),
    [
        ([f"v=DKIM1; k=rsa; p={RSA}"], Level.OK, "2048 bits"),
        ([f"k=rsa;p={RSA[:50]} {RSA[50:]};"], Level.OK, "2048 bits"),
        ([f"v=DKIM1; t=s:y; p={RSA}"], Level.LOOK, "t=y"),
        ([f"v=DKIM1; p={public(rsa.generate_private_key(65537, 1024))}"], Level.LOOK, "1024 bits"),  # noqa: S505  what is warned of
        (["v=DKIM1; k=ed25519; p=" + base64.b64encode(b"x" * 32).decode()], Level.LOOK, "Ed25519"),
        (["v=DKIM1; k=ed25519; p=" + base64.b64encode(b"x" * 31).decode()], Level.WRONG, "no RSA key"),
        ([f"v=DKIM1; p={public(ec.generate_private_key(ec.SECP256R1()))}"], Level.WRONG, "no RSA key"),
        (["v=DKIM1; p="], Level.WRONG, "revoked"),
        (["v=DKIM1; p=nonsense!"], Level.WRONG, "cannot be read"),
        (["v=DKIM1; p=AAAA"], Level.WRONG, "cannot be read"),
        ([f"v=DKIM2; p={RSA}"], Level.WRONG, "another version"),
        ([f"p={RSA}", f"p={RSA}"], Level.WRONG, "2 keys"),
        (["something else"], Level.WRONG, "has no key"),
        ([], Level.WRONG, "has no key"),
    ],
)
def test_a_dkim_key(texts: list[str], level: Level, part: str) -> None:
    line = verdicts.dkim("mail._domainkey.shop.example", texts)
    assert line.level is level
    assert part in line.said


@given(st.lists(st.text(max_size=80), max_size=3), st.text(max_size=80))
def test_no_text_of_dns_raises(texts: list[str], one: str) -> None:
    verdicts.dkim("n", [*texts, f"p={one}"])
    verdicts.dmarc("d", "d", [*texts, f"v=DMARC1;{one}"])
    verdicts.alignment("d.e", "e", one, "f.e", "g")


@pytest.mark.parametrize(
    ("domain", "at", "texts", "level"),
    [
        ("shop.example", "shop.example", ["v=DMARC1; p=reject"], Level.OK),
        ("shop.example", "shop.example", ["v=DMARC1; p=none; sp=reject"], Level.LOOK),
        ("a.shop.example", "shop.example", ["v=DMARC1; p=none; sp=reject"], Level.OK),
        ("a.shop.example", "shop.example", ["v=DMARC1; p=quarantine"], Level.OK),
        ("shop.example", "shop.example", ["v=DMARC1; p=rejekt"], Level.WRONG),
        ("shop.example", "shop.example", ["v=DMARC1"], Level.WRONG),
        ("shop.example", "shop.example", ["v=DMARC1; p=none", "v=DMARC1; p=reject"], Level.WRONG),
        ("shop.example", "shop.example", ["v=spf1"], Level.WRONG),
    ],
)
def test_a_policy_of_dmarc(domain: str, at: str, texts: list[str], level: Level) -> None:
    assert verdicts.dmarc(domain, at, texts).level is level


async def test_the_policy_of_a_domain_above_counts(server: NameServer) -> None:
    line = (await said(server, replace(SENDING, domain="mail.eu.shop.example")))["DMARC"]
    assert line == Line(Level.OK, "DMARC", "_dmarc.shop.example says p=reject")


@pytest.mark.parametrize(
    ("record", "return_path", "signed", "level", "part"),
    [
        ("", "bounces.shop.example", "shop.example", Level.OK, "SPF and DKIM speak of"),
        ("aspf=s", "bounces.shop.example", "shop.example", Level.OK, "DKIM speaks of"),
        ("aspf=s; adkim=s", "bounces.shop.example", "mail.shop.example", Level.WRONG, "nothing speaks of"),
        ("", "bounces.other.example", None, Level.LOOK, "nothing speaks of"),
        ("", "bounces.myshop.example", "myshop.example", Level.WRONG, "nothing speaks of"),
        ("", "bounces.other.example", "mail.shop.example", Level.OK, "DKIM speaks of"),
    ],
)
def test_what_speaks_of_the_from_domain(record: str, return_path: str, signed: str | None, level: Level, part: str) -> None:
    line = verdicts.alignment("shop.example", "shop.example", f"v=DMARC1; p=none; {record}", return_path, signed)
    assert line.level is level
    assert part in line.said


@pytest.mark.parametrize(
    ("records", "level"),
    [
        ({("b.example", "MX"): ["0 ."]}, Level.WRONG),
        ({("b.example", "A"): ["203.0.114.9"]}, Level.LOOK),
        ({("b.example", "MX"): ["10 mx.example."]}, Level.OK),
        ({}, Level.WRONG),
    ],
)
async def test_where_bounces_go(server: NameServer, records: dict[tuple[str, str], list[str]], level: Level) -> None:
    server.records |= records
    assert (await said(server, replace(SENDING, return_path="b.example")))["bounces"].level is level


@pytest.mark.parametrize(("called", "level"), [("relay.example.", Level.OK), ("elsewhere.example.", Level.LOOK)])
async def test_what_the_relay_is_called(server: NameServer, called: str, level: Level) -> None:
    server.records["7.114.0.203.in-addr.arpa", "PTR"] = [called]
    assert (await said(server))["relay"].level is level


# ── the command ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def beside() -> Iterator[NameServer]:
    """Runs a name server beside a command that has a loop of its own."""
    loop, ready, found, stop = asyncio.new_event_loop(), threading.Event(), list[NameServer](), asyncio.Event()

    async def serve() -> None:
        async with name_server() as server:
            server.records = dict(GOOD)
            found.append(server)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(10)
    yield found[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)
    loop.close()


ARGUMENTS = ["--mail-from", "Shop <support@shop.example>", "--relay", "relay.example", "--bounces", "b@bounces.shop.example"]


def test_the_command_prints_a_line_for_each_verdict_and_says_by_its_exit_code_whether_one_is_wrong(beside: NameServer) -> None:
    arguments = ["check-mail", *ARGUMENTS, "--selector", "mail", "--dns", beside.address]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1] == "shop.example: 6 looked at, 0 wrong"
    del beside.records["_spf.relay.example", "TXT"]
    beside.records["_dmarc.shop.example", "TXT"] = [r'"v=DMARC1; p=\027[31mred"']
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert "WRONG  SPF        the record of bounces.shop.example cannot be used: include:_spf.relay.example" in result.output
    assert "\x1b" not in result.output


def test_each_relay_of_the_settings_is_looked_at_and_one_that_is_given_counts_before_them(
    beside: NameServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    beside.records |= {("other.example", "A"): ["203.0.115.9"], ("9.115.0.203.in-addr.arpa", "PTR"): ["other.example."]}
    file = tmp_path / "relays"
    file.write_text("smtp://shop:a-password@relay.example:587?weight=3 smtps://other.example\n")
    monkeypatch.setenv("FOREWARN_SMTP_RELAYS_FILE", str(file))
    monkeypatch.setenv("FOREWARN_SMTP_HOST", "unused.example")
    arguments = [*ARGUMENTS[:2], *ARGUMENTS[4:], "--selector", "mail", "--dns", beside.address]
    result = CliRunner().invoke(app, ["check-mail", *arguments])
    assert result.exit_code == 1
    assert "ok     SPF        bounces.shop.example lets 203.0.114.7 send" in result.output
    assert "WRONG  SPF        bounces.shop.example says fail of 203.0.115.9; if other.example sends" in result.output
    assert not {"a-password", "unused.example"} & set(result.output.split())
    assert CliRunner().invoke(app, ["check-mail", *arguments, "--relay", "relay.example"]).exit_code == 0
    file.write_text("http://hush.example")
    refused = CliRunner().invoke(app, ["check-mail", *arguments])
    assert (refused.exit_code, "hush" in refused.output) == (2, False)
    monkeypatch.delenv("FOREWARN_SMTP_RELAYS_FILE")
    monkeypatch.setenv("FOREWARN_SMTP_HOST", "relay.example")
    assert CliRunner().invoke(app, ["check-mail", *arguments]).exit_code == 0, "without a list it is the one server"


@pytest.mark.parametrize("wrong", [["--dns", "nonsense"], ["--mail-from", "nobody"], ["--dns", "1.2.3.4:x"]])
def test_what_cannot_be_is_refused(wrong: list[str]) -> None:
    assert CliRunner().invoke(app, ["check-mail", *wrong]).exit_code == 2
