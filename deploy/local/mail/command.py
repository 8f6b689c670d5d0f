"""Implements `forewarn check-mail`: asks DNS about the sender that the settings name, and prints the verdicts. Changes nothing."""

from collections.abc import AsyncIterator
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

ADDRESSES = 4  # of the relay that are looked at


@dataclass(frozen=True, slots=True)
class Sending:
    """How mails go out."""

    domain: str  # of the From
    relay: str
    return_path: str  # the domain that bounces come to
    selector: str  # of DKIM; empty: not known
    signed: str  # the domain of the signature


def check_mail(
    domain: Annotated[str, typer.Option(help="The domain that mails come from; else that of FOREWARN_MAIL_FROM.")] = "",
    mail_from: Annotated[str, typer.Option(envvar="FOREWARN_MAIL_FROM", help="Who mails come from.")] = "support@example.org",
    relay: Annotated[str, typer.Option(envvar="FOREWARN_SMTP_HOST", help="The mail server that sends them.")] = "localhost",
    bounces: Annotated[str, typer.Option(envvar="FOREWARN_BOUNCE_ADDRESS", help="Where bounces come to.")] = "",
    selector: Annotated[str, typer.Option(envvar="FOREWARN_DKIM_SELECTOR", help="Of the DKIM key; not given: it is not looked for.")] = "",
    signed: Annotated[str, typer.Option(envvar="FOREWARN_DKIM_DOMAIN", help="The domain of the signature; else that of the From.")] = "",
    dns: Annotated[list[str] | None, typer.Option(help="Ask this server: address[:port]; the system's when not given.")] = None,
) -> None:
    """Says whether DNS has what mailbox providers want of a sender, and what to write into it; exits with 1 when mail would suffer.

    It looks for SPF with the relay in it, the DKIM key, the DMARC policy and whether the two speak of the From domain, where
    bounces go, and what the relay is called.
    """
    try:
        names = Names(tuple(dns or ()))
        own = to_ascii(domain.strip().rstrip(".").lower()) or sender_of(mail_from).domain.lower()
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    back = to_ascii(bounces.rpartition("@")[2].lower()) or own
    sending = Sending(own, relay, back, selector, to_ascii(signed.lower()) or own)

    async def command() -> int:
        return await checked(sending, names)

    raise typer.Exit(run(command))


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
    try:
        addresses = (await names.addresses(sending.relay))[:ADDRESSES]
    except NoAnswer as error:
        addresses = []
        yield _unanswered("relay", error)
    else:
        if not addresses:
            yield Line(Level.WRONG, "relay", f"{sending.relay} has no address")
    outside = [each for each in addresses if each.is_global]
    if addresses and not outside:
        yield Line(Level.LOOK, "relay", f"{sending.relay} is on a network of yours: SPF and its name depend on what delivers to the world")
    for about, ask in (("SPF", _spf), ("DKIM", _dkim), ("DMARC", _dmarc), ("bounces", _bounces), ("relay", _relay)):
        try:
            for line in await ask(sending, names, outside):
                yield line
        except NoAnswer as error:
            yield _unanswered(about, error)


def _unanswered(about: str, error: NoAnswer) -> Line:
    return Line(Level.LOOK, about, f"DNS gave no answer: {error}")


async def _spf(sending: Sending, names: Names, outside: list[Address]) -> list[Line]:
    found = []
    for address in outside:
        check = Check(names, address)
        try:
            result = await check.result(sending.return_path)
        except Wrong as error:
            return [Line(Level.WRONG, "SPF", f"the record of {sending.return_path} cannot be used: {error}")]
        found.append(verdicts.spf(sending.return_path, result, str(address), sending.relay, check.unknown))
    return found


async def _dkim(sending: Sending, names: Names, _: list[Address]) -> list[Line]:
    if not sending.selector:
        return [Line(Level.LOOK, "DKIM", "no selector is given (--selector): who signs, and as which domain, is not known")]
    name = f"{sending.selector}._domainkey.{sending.signed}"
    return [verdicts.dkim(name, await names.texts(name))]


async def _dmarc(sending: Sending, names: Names, _: list[Address]) -> list[Line]:
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


async def _bounces(sending: Sending, names: Names, _: list[Address]) -> list[Line]:
    servers = await names.mail_servers(sending.return_path)
    has_address = bool(servers) or bool(await names.addresses(sending.return_path))
    return [verdicts.return_path(sending.return_path, servers, has_address)]


async def _relay(_: Sending, names: Names, outside: list[Address]) -> list[Line]:
    found = []
    for address in outside:
        called = (await names.names_of(address))[:ADDRESSES]
        confirmed = [each for each in called if address in await names.addresses(each)]
        found.append(verdicts.relay_name(str(address), called, confirmed))
    return found
