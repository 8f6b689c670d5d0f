"""Implements `forewarn backtest`: walks through the past by the rules of a file, and by today's beside them."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from pydantic import BaseModel, TypeAdapter, ValidationError
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

from deploy.local.backtest import files
from deploy.local.backtest.report import as_lines
from deploy.local.check import SHIPPED
from deploy.local.connecting import DEFAULT, Kafka, brokers_at
from deploy.local.processes import Failed
from deploy.local.running import run
from deploy.local.terminal import Screen, guarded, say
from services.monitor.incidents.finding import Beside
from services.monitor.incidents.muting import Quiet
from services.monitor.past.beside import MaintenanceFile
from services.monitor.past.outcome import Outcome, as_object
from services.monitor.past.pieces import Refusals
from services.monitor.past.walking import Moved, Trial, walk, walk_topic
from services.monitor.rules.file import RulesFile
from shared.catalog import Catalog
from shared.configuration.files import ConfigError, PositiveDuration, file_of, load
from shared.connecting.brokers import Brokers
from shared.events import Topic

C = TypeVar("C", bound=BaseModel)

Own = Annotated[Path, typer.Option("--config", envvar="FOREWARN_OWN_CONFIG_DIR", help="The folder of your own files.")]


@dataclass(frozen=True)
class Plan:
    """Says what to try, and on what."""

    rules: Path
    own: Path
    since: float = 0.0  # seconds since the epoch; 0: everything there is
    every: float = 1.0  # seconds of event time between two checkpoints
    file: str | None = None  # None: a topic
    topic: str = Topic.PRODUCT_EVENTS
    maintenance: Path | None = None  # when it was, for events of a file; topics say it themselves


def backtest(
    rules: Annotated[Path, typer.Option(help="The rules to try: a file like rules.yml.")],
    since: Annotated[str | None, typer.Option(metavar="DURATION", help="Only this time before now: 7d, 12h.")] = None,
    file: Annotated[str | None, typer.Option(help="Events as JSON lines, also .gz; - is standard input. Not given: a topic.")] = None,
    topic: Annotated[str, typer.Option(help="The topic with the events.")] = Topic.PRODUCT_EVENTS,
    every: Annotated[float, typer.Option(min=0.1, max=60, help="Seconds of event time between two judgements.")] = 1.0,
    maintenance: Annotated[Path | None, typer.Option(help="With --file: a file that says when maintenance was.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of lines.")] = False,
    kafka: Kafka = DEFAULT,
    own: Own = Path("config"),
) -> None:
    """Says what rules would have done: incidents, customers and messages, beside today's rules and the tickets. Writes nothing."""
    if maintenance is not None and file is None:
        raise typer.BadParameter("it goes with --file; what monitor said of maintenance is read from its topic", param_hint="--maintenance")
    plan = Plan(rules, own, time.time() - _duration(since).total_seconds() if since else 0.0, every, file, topic, maintenance)

    async def command() -> int:
        outcome = await outcome_of(brokers_at(kafka), plan)
        say(*([json.dumps(as_object(outcome))] if as_json else as_lines(outcome)), longest=sys.maxsize)
        return 0

    raise typer.Exit(run(command))


def _duration(said: str) -> timedelta:
    try:
        return TypeAdapter(PositiveDuration).validate_python(said)
    except ValidationError:
        raise typer.BadParameter("a duration like 7d, 12h or 30m", param_hint="--since") from None


async def outcome_of(brokers: Brokers, plan: Plan) -> Outcome:
    """Walks through the past with a bar on standard error, and returns what was found. Raises Failed or OSError."""
    tried, today = _read(plan.rules, RulesFile), _read(_file(plan, "rules.yml"), RulesFile)
    catalog = _read(_file(plan, "catalog.yml"), Catalog)
    beside = Beside(frozenset(catalog.components), catalog.parents, _periods(plan.maintenance))
    trial, refusals = Trial(tried, today, beside, str(plan.rules), plan.every), Refusals()
    with _bar() as begun:
        if plan.file is None:
            return await walk_topic(brokers, trial, plan.since, begun, plan.topic)
        with files.past_of(plan.file, plan.since, refusals) as past:
            return await walk(trial, past, refusals, trial.walks(), begun(past.size))


def _periods(file: Path | None) -> list[Quiet]:
    """Returns when maintenance was, by a file that says so."""
    return [] if file is None else _read(file, MaintenanceFile).periods(datetime.fromtimestamp(time.time(), UTC))


def _file(plan: Plan, name: str) -> Path:
    """Returns the file of that name that counts."""
    try:
        return file_of(name, (plan.own, SHIPPED))
    except ConfigError as error:
        raise Failed(*str(error).split("\n")) from None


def _read(path: Path, model: type[C]) -> C:
    """Returns what a file says. Raises Failed with each mistake and its line."""
    try:
        return load(path, model)
    except ConfigError as error:
        raise Failed(*str(error).split("\n")) from None


@contextmanager
def _bar() -> Iterator[Callable[[int | None], Moved]]:
    """Draws how far the past is read, once it is said how long it is."""
    columns = (SpinnerColumn(), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[events]:,} events"), TimeRemainingColumn())
    with Progress(*columns, console=Screen(sys.stderr), transient=True) as progress, guarded():

        def begun(size: int | None) -> Moved:
            task = progress.add_task("", total=size, events=0)
            return lambda done, events: progress.update(task, completed=done, events=events)

        yield begun
