"""`forewarn check-config`: the four configuration files, read as the services read them. Repairs nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel

from deploy.local.terminal import say
from services.monitor.rules.file import RulesFile
from services.notifier.deciding.policy import Policy
from services.ticketing.support import SupportFile
from shared.catalog import Catalog
from shared.config import ConfigError, load

FILES: dict[str, tuple[type[BaseModel], Callable[..., str]]] = {
    "catalog.yml": (Catalog, lambda catalog: f"{len(catalog.components)} components"),
    "rules.yml": (RulesFile, lambda file: f"{len(file.rules)} rules: {', '.join(rule.id for rule in file.rules)}"),
    "notifications.yml": (Policy, lambda policy: f"at most {policy.caps.count} notifications a customer in {policy.caps.per}"),
    "support.yml": (SupportFile, lambda support: f"{len(support.first_response.targets)} priorities with a first-response target"),
}


def check_config(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that FOREWARN_CONFIG_DIR names.")] = Path("deploy/config"),
) -> None:
    """Says what the services understand; or each mistake with its file and line, and exits with 1. A warning is no mistake."""
    raise typer.Exit(check(folder))


def check(folder: Path) -> int:
    """Prints what is fine, warnings of what can hardly be meant, and mistakes on standard error. Returns the exit code."""
    mistaken = False
    for name, (model, summary) in FILES.items():
        try:
            read = load(folder / name, model, warn=_doubt)
            say(f"{folder / name}: fine, {summary(read)}")
        except ConfigError as error:
            mistaken = True
            say(*str(error).split("\n"), error=True)
    for path in sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")]):
        if path.name not in FILES:
            say(f"{path}: no service reads a file of this name")
    return 1 if mistaken else 0


def _doubt(said: str) -> None:
    say(f"Warning: {said}")
