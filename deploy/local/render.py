"""Implements `forewarn render`: shows what customers are told, in the words that count, with samples. Sends nothing."""

import webbrowser
from collections.abc import Iterator
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Annotated

import typer

from deploy.local.check import SHIPPED
from deploy.local.sampling import ADA, Voice, rendered, voice_of
from deploy.local.terminal import say
from services.notifier.audience import Customer
from services.notifier.channels.email.mail import as_html
from services.notifier.channels.outcome import Rendered
from services.notifier.wording.forms import Event
from shared.configuration.files import ConfigError, load
from shared.events import CustomerUpdated

CHANNELS = ("email", "sms", "slack")
SYMPTOMS = ("failing", "slow", "trouble")

INDEX = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>What customers are told</title><style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }} body {{ max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
table {{ border-collapse: collapse; width: 100% }} th, td {{ text-align: left; padding: .4rem .8rem; border-bottom: 1px solid #8884 }}
</style></head><body><h1>What customers are told</h1>
<table><thead><tr><th>Event</th><th>Locale</th><th>Channel</th><th>Subject</th></tr></thead><tbody>
{rows}
</tbody></table></body></html>
"""


def render(
    event: Annotated[Event | None, typer.Argument(help="What customers are told.")] = None,
    locale: Annotated[str, typer.Option(help="The customer's; that of --customer, else that of notifications.yml.")] = "",
    channel: Annotated[str, typer.Option(help="email, sms, slack, teams, discord …")] = "email",
    symptom: Annotated[str, typer.Option(help=f"What the rule detects: {', '.join(SYMPTOMS)}.")] = "failing",
    customer: Annotated[Path | None, typer.Option(metavar="FILE", help="A customer as in customers.v1 (its data), YAML or JSON.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to write the mail's HTML.")] = None,
    show: Annotated[bool, typer.Option("--open", help="Show the HTML in the browser.")] = False,
    everything: Annotated[
        Path | None, typer.Option("--all", metavar="DIR", help="Write every event in every locale and channel into a folder.")
    ] = None,
    own: Annotated[Path, typer.Option(envvar="FOREWARN_OWN_CONFIG_DIR", help="The folder of your own files.")] = Path("config"),
    shipped: Annotated[Path, typer.Option(envvar="FOREWARN_CONFIG_DIR", help="The folder of the shipped files.")] = SHIPPED,
) -> None:
    """Shows what a customer is told of an event, in the words that count, with samples for what is filled in; it sends nothing.

    Ends with 1 and every mistake in the templates, with file and line, when they cannot be used.
    """
    if (event is None) == (everything is None):
        raise typer.BadParameter(f"say one event of {', '.join(Event)}, or --all DIR")
    try:
        voice = voice_of((own, shipped))
        who = _customer(customer, locale, voice)
    except ConfigError as error:
        say(*str(error).split("\n"), error=True)
        raise typer.Exit(1) from None
    if event is None:
        say(*_write_all(everything or Path(), who, symptom, voice))
        return
    message = rendered(event, who, channel, symptom, voice)
    say(f"Locale:  {message.locale}", f"Subject: {message.subject}", "", *message.text.rstrip().split("\n"))
    if html or show:
        _write_html(message, html or Path(f"{event}-{message.locale}.html"), show=show)


def _customer(file: Path | None, locale: str, voice: Voice) -> Customer:
    if file is None:
        return replace(ADA, locale=locale or voice.policy.texts.locale)
    data = load(file, CustomerUpdated.Data)
    return replace(ADA, name=data.name, timezone=data.timezone, locale=locale or data.locale)


def _write_html(message: Rendered, path: Path, *, show: bool) -> None:
    path.write_text(_page(message), encoding="utf-8")
    say("", f"{path}: its HTML")
    if show:
        webbrowser.open(path.resolve().as_uri())


def _page(message: Rendered) -> str:
    return message.html or as_html(message.subject, message.text)


def _write_all(folder: Path, customer: Customer, symptom: str, voice: Voice) -> Iterator[str]:
    """Writes a file for each and a page that lists them; yields what it wrote."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for event in Event:
        for locale in voice.locales:
            for channel in CHANNELS:
                message = rendered(event, replace(customer, locale=locale), channel, symptom, voice)
                name = f"{event}.{locale}.{channel}"
                (folder / f"{name}.txt").write_text(f"Subject: {message.subject}\n\n{message.text}", encoding="utf-8")
                if channel == "email":
                    (folder / f"{name}.html").write_text(_page(message), encoding="utf-8")
                rows.append(_row(event, locale, channel, name, message.subject))
    (folder / "index.html").write_text(INDEX.format(rows="\n".join(rows)), encoding="utf-8")
    yield f"{folder / 'index.html'}: {len(rows)} samples of {len(Event)} events, in {', '.join(voice.locales)}"


def _row(event: Event, locale: str, channel: str, name: str, subject: str) -> str:
    page = f' · <a href="{name}.html">HTML</a>' if channel == "email" else ""
    return f'<tr><td>{event}</td><td>{locale}</td><td>{channel}</td><td>{escape(subject)} <a href="{name}.txt">text</a>{page}</td></tr>'
