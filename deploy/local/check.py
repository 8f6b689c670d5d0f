"""Implements `forewarn check-config`: reads the configuration files that count as the services read them. Repairs nothing."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel

from deploy import alerting, topics
from deploy.local.processes import ROOT
from deploy.local.terminal import say
from services.monitor.actions.file import ActionsFile
from services.monitor.rules.file import RulesFile
from services.monitor.sources.file import SourcesFile
from services.notifier.deciding.policy import Policy
from services.notifier.wording.books import books_in
from services.notifier.wording.folder import FOLDER
from services.ticketing.support import SupportFile
from shared.catalog import Catalog
from shared.configuration.files import ConfigError, file_of, load

FILES: dict[str, tuple[type[BaseModel], Callable[..., str]]] = {
    "catalog.yml": (Catalog, lambda catalog: f"{len(catalog.components)} components"),
    "sources.yml": (
        SourcesFile,
        lambda file: ", ".join(
            [
                f"{len(file.sources)} sources",
                *(each.topic for each in file.sources),
                f"{len(file.hooks)} hooks",
                *(each.name for each in file.hooks),
            ]
        ),
    ),
    "rules.yml": (RulesFile, lambda file: f"{len(file.rules)} rules: {', '.join(rule.id for rule in file.rules)}"),
    "notifications.yml": (Policy, lambda policy: f"at most {policy.caps.count} notifications a customer in {policy.caps.per}"),
    "support.yml": (SupportFile, lambda support: f"{len(support.first_response.targets)} priorities with a first-response target"),
    "actions.yml": (ActionsFile, lambda file: ", ".join([f"{len(file.webhooks)} webhooks", *file.webhooks])),
    topics.FILE.name: (topics.TopicsFile, lambda file: f"{len(file.wanted())} topics"),
}
SELDOM = {topics.FILE.name}  # checked only where an operator has one
OF_OTHERS = {alerting.NAME}  # `amtool check-config` knows what it may say
SHIPPED = ROOT / "deploy" / "config"


def check_config(
    own: Annotated[
        Path, typer.Argument(metavar="DIR", envvar="FOREWARN_OWN_CONFIG_DIR", help="The folder of your own files.", show_default=True)
    ] = Path("config"),
    shipped: Annotated[
        Path, typer.Option(envvar="FOREWARN_CONFIG_DIR", help="The folder of the shipped files, which count where you have none.")
    ] = SHIPPED,
) -> None:
    """Says which files count and what the services understand of them; or each mistake with its file and line, and exits with 1.

    A warning is no mistake.
    """
    raise typer.Exit(check(own, shipped))


def check(own: Path, shipped: Path = SHIPPED) -> int:
    """Prints what is fine, warnings of what is unlikely to be intended, and mistakes on standard error. Returns the exit code."""
    mistaken = not _is_folder(own)
    for name, (model, summary) in FILES.items():
        try:
            path = file_of(name, (own, shipped))
            if name in SELDOM and not os.path.lexists(path):
                continue
            read = load(path, model, warn=_doubt)
            say(f"{path}: fine, {'your own' if path.parent == own else 'as shipped'}, {summary(read)}")
        except ConfigError as error:
            mistaken = True
            say(*str(error).split("\n"), error=True)
    mistaken = _wrong_templates(own, shipped) or mistaken
    for path in sorted([*own.glob("*.yml"), *own.glob("*.yaml")]):
        if path.name not in FILES.keys() | OF_OTHERS:
            say(f"{path}: no service reads a file of this name")
    return 1 if mistaken else 0


def _wrong_templates(own: Path, shipped: Path) -> bool:
    """Says how many templates can be used, or each mistake in them; returns whether there is one."""
    folders = tuple(dict.fromkeys((own, shipped)))
    try:
        for folder, book in zip(folders, books_in(folders), strict=True):
            if count := len(book.texts) + len(book.pages):
                say(f"{folder / FOLDER}: {count} templates compile, in {', '.join(book.locales)}")
    except ConfigError as error:
        say(*str(error).split("\n"), error=True)
        return True
    return False


def _is_folder(own: Path) -> bool:
    if not own.is_dir():
        say(f"{own}: there is no such folder", error=True)
    return own.is_dir()


def _doubt(said: str) -> None:
    say(f"Warning: {said}")
