"""Implements `forewarn webhook`: the endpoints of customers' own systems. notifier decides; this only asks it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import typer
from pydantic import BaseModel, TypeAdapter, ValidationError

from deploy.local.asking import S, Token, ask
from deploy.local.processes import Failed
from deploy.local.running import run
from deploy.local.terminal import say
from shared.configuration.files import PositiveDuration
from shared.observing.printable import printable

PATH = "/v1/endpoints"
DEFAULT_URL = "http://localhost:8002"
LINE = "{:<36}  {:<24}  {:<9}  {:<8}  {}"  # of the table

webhook = typer.Typer(help="Webhooks: the endpoints of customers' own systems, and what each has missed.", no_args_is_help=True)

Url = Annotated[str, typer.Option("--notifier", envvar="FOREWARN_NOTIFIER_URL", help="Where notifier is.")]
Id = Annotated[str, typer.Argument(help="The endpoint's id, as `forewarn webhook list` shows it.", show_default=False)]


class Endpoint(BaseModel):
    """Is one endpoint as notifier shows it, as far as it is printed here."""

    id: str
    customer_id: str
    url: str
    failures: int = 0
    disabled_why: str | None = None


class WithSecret(Endpoint):
    """Is one endpoint with its secret, which is shown once."""

    secret: str
    old_valid_until: datetime | None = None


class Listed(BaseModel):
    """Is a page of the list."""

    items: list[Endpoint]
    next: str | None = None


class Replayed(BaseModel):
    """Says how many messages are sent again."""

    messages: int


class Done(BaseModel):
    """Is an answer that says no more than that it was done."""


@dataclass(frozen=True)
class Notifier:
    """Is a notifier that runs, asked by an operator. Each method raises `Failed` with a sentence when it refuses or is away."""

    url: str
    token: str

    async def listed(self, customer_id: str | None = None) -> list[Endpoint]:
        """Returns the endpoints of one customer, or all."""
        found: list[Endpoint] = []
        cursor: str | None = ""
        while cursor is not None:
            given = {"customer_id": customer_id, "cursor": cursor or None}
            asked = urlencode({name: value for name, value in given.items() if value is not None})
            page = await self._ask("GET", f"?{asked}" if asked else "", Listed)
            found += page.items
            cursor = page.next
        return found

    async def register(self, customer_id: str, url: str) -> WithSecret:
        return await self._ask("POST", "", WithSecret, {"customer_id": customer_id, "url": url})

    async def rotate(self, endpoint_id: str) -> WithSecret:
        return await self._ask("POST", f"/{_segment(endpoint_id)}/rotate", WithSecret, {})

    async def enable(self, endpoint_id: str) -> Endpoint:
        return await self._ask("POST", f"/{_segment(endpoint_id)}/enable", Endpoint, {})

    async def replay(self, endpoint_id: str, since: datetime) -> int:
        return (await self._ask("POST", f"/{_segment(endpoint_id)}/replay", Replayed, {"since": since.isoformat()})).messages

    async def delete(self, endpoint_id: str) -> None:
        await self._ask("DELETE", f"/{_segment(endpoint_id)}", Done)

    async def _ask(self, method: str, path: str, shape: type[S], body: dict[str, Any] | None = None) -> S:
        answer = await ask(self.url, self.token, method, PATH + path, shape, body)
        if answer.said is None:
            raise Failed(answer.complaint())
        return answer.said


def _segment(name: str) -> str:
    return quote(name, safe="")


def moment(said: str, now: datetime) -> datetime:
    """Returns the moment that somebody means by `3d`, which is so long ago, or by a date. Raises BadParameter."""
    try:
        return now - TypeAdapter(PositiveDuration).validate_python(said)
    except (ValidationError, OverflowError):
        pass
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        raise typer.BadParameter("a time before now like 3d or 12h, or a moment like 2026-11-24T12:00Z", param_hint="--since") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


# ── the commands ─────────────────────────────────────────────────────────────────────────────


@webhook.command(name="list")
def list_(
    customer: Annotated[str | None, typer.Option(help="Only this customer's.", show_default=False)] = None,
    url: Url = DEFAULT_URL,
    token: Token = "",
) -> None:
    """Shows the endpoints, whose they are, and how each is."""

    async def command() -> int:
        found = await Notifier(url, token).listed(customer)
        say(LINE.format("id", "customer", "state", "failures", "url"), *map(_line, found))
        return 0

    raise typer.Exit(run(command))


@webhook.command()
def register(
    customer: Annotated[str, typer.Argument(help="The customer's id.", show_default=False)],
    endpoint: Annotated[str, typer.Argument(help="The URL of their system, which must take a signed test call.", show_default=False)],
    url: Url = DEFAULT_URL,
    token: Token = "",
) -> None:
    """Registers an endpoint, and prints its secret: it is shown once, for the customer, who verifies calls with it."""

    async def command() -> int:
        made = await Notifier(url, token).register(customer, endpoint)
        say(f"{printable(made.id)} is registered. Its secret is shown this once:", error=True)
        say(made.secret)
        return 0

    raise typer.Exit(run(command))


@webhook.command()
def rotate(endpoint: Id, url: Url = DEFAULT_URL, token: Token = "") -> None:
    """Gives an endpoint a new secret, and prints it. For a day each call is signed with the old one, too."""

    async def command() -> int:
        made = await Notifier(url, token).rotate(endpoint)
        say(f"The old secret signs, too, until {made.old_valid_until}. The new one is shown this once:", error=True)
        say(made.secret)
        return 0

    raise typer.Exit(run(command))


@webhook.command()
def enable(endpoint: Id, url: Url = DEFAULT_URL, token: Token = "") -> None:
    """Has a disabled endpoint called again, once it has taken a signed test call."""

    async def command() -> int:
        made = await Notifier(url, token).enable(endpoint)
        say(f"{printable(made.id)} is called again; what it missed: forewarn webhook replay {printable(made.id)} --since 3d")
        return 0

    raise typer.Exit(run(command))


@webhook.command()
def replay(
    endpoint: Id,
    since: Annotated[str, typer.Option(help="From when on: 3d or 12h ago, or a moment like 2026-11-24T12:00Z.", show_default=False)],
    url: Url = DEFAULT_URL,
    token: Token = "",
) -> None:
    """Sends again what an endpoint has missed, each message with the same webhook-id."""
    from_ = moment(since, datetime.now(UTC))

    async def command() -> int:
        say(f"{await Notifier(url, token).replay(endpoint, from_):,} messages are sent again")
        return 0

    raise typer.Exit(run(command))


@webhook.command()
def delete(endpoint: Id, url: Url = DEFAULT_URL, token: Token = "") -> None:
    """Deletes an endpoint with what it has missed; it is called no more."""

    async def command() -> int:
        await Notifier(url, token).delete(endpoint)
        say(f"{endpoint} is deleted")
        return 0

    raise typer.Exit(run(command))


def _line(found: Endpoint) -> str:
    return LINE.format(
        printable(found.id), printable(found.customer_id), found.disabled_why or "enabled", found.failures, printable(found.url)
    )
