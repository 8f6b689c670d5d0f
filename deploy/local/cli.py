"""Defines the `forewarn` command line: every command by name, what it takes and what it is for. Other modules do the work."""

import time
import traceback
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from deploy.local.asking import Token
from deploy.local.backtest.command import backtest
from deploy.local.check import check_config
from deploy.local.connecting import DEFAULT, Kafka, brokers_at
from deploy.local.consent import approvals, correct, kill_switch
from deploy.local.console import console
from deploy.local.customer import customer
from deploy.local.dlq import dlq
from deploy.local.due import due
from deploy.local.mail.command import check_mail
from deploy.local.mailbox import MailDev
from deploy.local.measures import report
from deploy.local.people import DEFAULT_URL, people
from deploy.local.render import render
from deploy.local.replay import replay
from deploy.local.report import story_on
from deploy.local.running import run
from deploy.local.simulate import Load, simulate_on
from deploy.local.sources import sources
from deploy.local.story import Target
from deploy.local.streams import streams
from deploy.local.terminal import guarded
from deploy.local.tokens import tokens
from deploy.local.webhook import webhook
from deploy.local.why import why
from deploy.simulator.faults import Outage
from deploy.simulator.story import published

Seed = Annotated[int, typer.Option(help="The same seed tells the same story.")]


class Commands(TyperGroup):
    """Runs all commands with both streams escaped: an error message quotes the command line, and a traceback quotes its error."""

    def main(self, *args: Any, **options: Any) -> Any:
        with guarded():
            try:
                return super().main(*args, **options)
            except Exception:  # noqa: BLE001  outside, Python would print it without the guard
                traceback.print_exc()
                raise SystemExit(1) from None


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # else it would read a wrong argument as markup
    help="Forewarn: proactive support.",
)


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the story; the last line is the verdict as JSON.")] = False,
    seed: Seed = 7,
) -> None:
    """Plays the whole loop on this machine, with nothing installed but Python: an outage, who is told, who writes in, the all-clear."""
    from deploy.local import demo as embedded  # noqa: PLC0415  the image of the services has no embedded stack

    raise typer.Exit(run(lambda: embedded.demo(once, seed)))


@app.command()
def up() -> None:
    """Starts the same stack without a story, for you to play with: prints addresses and tokens, and stays up until Ctrl-C."""
    from deploy.local import demo as embedded  # noqa: PLC0415  the image of the services has no embedded stack

    raise typer.Exit(run(embedded.up))


@app.command()
def story(
    kafka: Kafka = DEFAULT,
    mailbox: Annotated[str, typer.Option(envvar="FOREWARN_MAILBOX", help="Where MailDev is.")] = "http://localhost:1080",
    console: Annotated[str, typer.Option(envvar="FOREWARN_CONSOLE_URL", help="Where the console is, to watch it.")] = DEFAULT_URL,
    token: Token = "",
    seed: Seed = 7,
) -> None:
    """Plays the story of the demo on a running Forewarn, with new customers each time; ends with the same JSON line."""
    own = published(seed, prefix=f"c{int(time.time()):x}-")  # customers of earlier runs may have had their three mails of this hour

    async def command() -> int:
        return await story_on(Target(brokers_at(kafka), MailDev(mailbox), look_again_s=1.0), own, console, token)

    raise typer.Exit(run(command))


@app.command()
def simulate(
    kafka: Kafka = DEFAULT,
    rate: Annotated[float, typer.Option(min=0.1, help="Requests a second.")] = 500.0,
    customers: Annotated[int, typer.Option(min=1)] = 1000,
    seconds: Annotated[float | None, typer.Option(help="How long; until Ctrl-C when not given.")] = None,
    outage: Annotated[float, typer.Option(help="For how many customers the checkout fails; a share when below 1; 0: for nobody.")] = 0.0,
    outage_from: Annotated[float, typer.Option(help="Seconds after the start.")] = 20.0,
    outage_to: Annotated[float, typer.Option(help="Seconds after the start.")] = 60.0,
    seed: Seed = 7,
) -> None:
    """Plays a product with customers, to any Kafka, in real time; with an outage if you like."""
    failing = Outage("checkout", outage, outage_from, outage_to) if outage else None
    raise typer.Exit(run(lambda: simulate_on(brokers_at(kafka), Load(rate, customers, seconds, failing, seed))))


app.command()(backtest)
app.command()(correct)
app.command()(check_config)
app.command()(check_mail)
app.command()(render)
app.command()(replay)
app.command()(report)
app.command()(why)
app.add_typer(sources, name="sources")
app.add_typer(dlq, name="dlq")
app.add_typer(streams, name="streams")
app.add_typer(due, name="due")
app.add_typer(customer, name="customer")
app.add_typer(tokens, name="tokens")
app.add_typer(console, name="console")
app.add_typer(people, name="people")
app.add_typer(kill_switch, name="kill-switch")
app.add_typer(approvals, name="approvals")
app.add_typer(webhook, name="webhook")

if __name__ == "__main__":
    app(prog_name="forewarn")
