"""Implements `forewarn check-mail`: asks DNS about the sender that the settings name, and prints the verdicts. Changes nothing."""

import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from deploy.local.mail import verdicts
from deploy.local.mail.names import Address, Names, NoAnswer
from deploy.local.mail.spf import Check, Wrong
from deploy.local.mail.verdicts import Level, Line
from deploy.local.running import run
from deploy.local.terminal import say
from services.notifier.audience import to_ascii
from services.notifier.channels.email.mail import sender_of
from services.notifier.channels.email.relays import relays_of
from shared.configuration import secret_rules

RELAYS = "FOREWARN_SMTP_RELAYS"
ADDRESSES = 4  # of a relay that are looked at


@dataclass(frozen=True, slots=True)
class Sending:
    """How mails go out."""

    domain: str  # of the From
    relays: tuple[str, ...]
    return_path: str  # the domain that bounces come to
    selector: str  # of DKIM; empty: not known
    signed: str  # the domain of the signature


@dataclass(frozen=True, slots=True)
class Outlet:
    """One address of a relay, from which mail comes to the world."""

    relay: str
    address: Address


def check_mail(
    domain: Annotated[str, typer.Option(help="The domain that mails come from; else that of FOREWARN_MAIL_FROM.")] = "",
    mail_from: Annotated[str, typer.Option(envvar="FOREWARN_MAIL_FROM", help="Who mails come from.")] = "support@example.org",
    relay: Annotated[
        list[str] | None, typer.Option(help="A mail server that sends them; else those of FOREWARN_SMTP_RELAYS, else FOREWARN_SMTP_HOST.")
    ] = None,
    bounces: Annotated[str, typer.Option(envvar="FOREWARN_BOUNCE_ADDRESS", help="Where bounces come to.")] = "",
    selector: Annotated[str, typer.Option(envvar="FOREWARN_DKIM_SELECTOR", help="Of the DKIM key; not given: it is not looked for.")] = "",
    signed: Annotated[str, typer.Option(envvar="FOREWARN_DKIM_DOMAIN", help="The domain of the signature; else that of the From.")] = "",
    dns: Annotated[list[str] | None, typer.Option(help="Ask this server: address[:port]; the system's when not given.")] = None,
) -> None:
    """Says whether DNS has what mailbox providers want of a sender, and what to write into it; exits with 1 when mail would suffer.

    It looks for SPF with each relay in it, the DKIM key, the DMARC policy and whether the two speak of the From domain, where
    bounces go, and what the relays are called.
    """
    try:
        names = Names(tuple(dns or ()))
        relays = tuple(relay or relays_of_settings())
        own = to_ascii(domain.strip().rstrip(".").lower()) or sender_of(mail_from).domain.lower()
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    back = to_ascii(bounces.rpartition("@")[2].lower()) or own
    sending = Sending(own, relays, back, selector, to_ascii(signed.lower()) or own)

    async def command() -> int:
        return await checked(sending, names)

    raise typer.Exit(run(command))


def relays_of_settings() -> Sequence[str]:
    """Returns the hosts of the mail servers that notifier would use. Raises ValueError, which shows nothing of a relay's password."""
    file = os.environ.get(f"{RELAYS}_FILE")
    said = secret_rules.read_file(f"{RELAYS}_FILE", file) if file else os.environ.get(RELAYS, "")
    return [each.host for each in relays_of(said)] or [os.environ.get("FOREWARN_SMTP_HOST") or "localhost"]


async def checked(sending: Sending, names: Names) -> int:
    """Prints a line for each verdict, and how many are wrong. Returns the exit code."""
    lines = []
    async for line in judge(sending, names):
        lines.append(line)
        say(f"{line.level:<6} {line.about:<10} {line.said}")
        if line.write:
            say(f"{'':<18}write: {line.write}")
    wrong = sum(line.level is Level.WRONG for line in lines)
    say(f"{sending.domain}: {len(lines)} looked at, {wrong} wrong")
    return 1 if wrong else 0


async def judge(sending: Sending, names: Names) -> AsyncIterator[Line]:
    """Yields the verdicts. What DNS does not answer is said, and holds up nothing else."""
    outside: list[Outlet] = []
    for relay in dict.fromkeys(sending.relays):
        try:
            addresses = (await names.addresses(relay))[:ADDRESSES]
        except NoAnswer as error:
            yield _unanswered("relay", error)
            continue
        if not addresses:
            yield Line(Level.WRONG, "relay", f"{relay} has no address")
        found = [Outlet(relay, each) for each in addresses if each.is_global]
        if addresses and not found:
            yield Line(Level.LOOK, "relay", f"{relay} is on a network of yours: SPF and its name depend on what delivers to the world")
        outside += found
    for about, ask in (("SPF", _spf), ("DKIM", _dkim), ("DMARC", _dmarc), ("bounces", _bounces), ("relay", _relay)):
        try:
            for line in await ask(sending, names, outside):
                yield line
        except NoAnswer as error:
            yield _unanswered(about, error)


def _unanswered(about: str, error: NoAnswer) -> Line:
    return Line(Level.LOOK, about, f"DNS gave no answer: {error}")


async def _spf(sending: Sending, names: Names, outside: Sequence[Outlet]) -> list[Line]:
    found = []
    for outlet in outside:
        check = Check(names, outlet.address)
        try:
            result = await check.result(sending.return_path)
        except Wrong as error:
            return [Line(Level.WRONG, "SPF", f"the record of {sending.return_path} cannot be used: {error}")]
        found.append(verdicts.spf(sending.return_path, result, str(outlet.address), outlet.relay, check.unknown))
    return found


async def _dkim(sending: Sending, names: Names, _: Sequence[Outlet]) -> list[Line]:
    if not sending.selector:
        return [Line(Level.LOOK, "DKIM", "no selector is given (--selector): who signs, and as which domain, is not known")]
    name = f"{sending.selector}._domainkey.{sending.signed}"
    return [verdicts.dkim(name, await names.texts(name))]


async def _dmarc(sending: Sending, names: Names, _: Sequence[Outlet]) -> list[Line]:
    at, texts = sending.domain, list[str]()
    for at in verdicts.parents(sending.domain):
        texts = [text for text in await names.texts(f"_dmarc.{at}") if text.lower().replace(" ", "").startswith("v=dmarc1")]
        if texts:
            break
    policy = verdicts.dmarc(sending.domain, at, texts)
    if len(texts) != 1:
        return [policy]
    signed = sending.signed if sending.selector else None
    return [policy, verdicts.alignment(sending.domain, at, texts[0], sending.return_path, signed)]


async def _bounces(sending: Sending, names: Names, _: Sequence[Outlet]) -> list[Line]:
    servers = await names.mail_servers(sending.return_path)
    has_address = bool(servers) or bool(await names.addresses(sending.return_path))
    return [verdicts.return_path(sending.return_path, servers, has_address)]


async def _relay(_: Sending, names: Names, outside: Sequence[Outlet]) -> list[Line]:
    found = []
    for outlet in outside:
        called = (await names.names_of(outlet.address))[:ADDRESSES]
        confirmed = [each for each in called if outlet.address in await names.addresses(each)]
        found.append(verdicts.relay_name(str(outlet.address), called, confirmed))
    return found
