"""Makes the page for operators: every environment variable and every key of every configuration file."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import typer
import yaml
from pydantic import BaseModel

from deploy import topics
from deploy.alerting import AlertingSettings
from deploy.docs.keys import Reference
from deploy.docs.kinds import Key
from deploy.docs.schemas import summary
from deploy.init import InitSettings
from deploy.local.check import FILES, SHIPPED
from deploy.local.cli import app
from deploy.local.mappings.file import Mapping
from deploy.services import NAMES
from shared.settings import MailSettings, Settings, variable_of

ROOT = Path(__file__).parents[2]
EXAMPLES = SHIPPED / "examples"
MAPPING = ROOT / "deploy" / "local" / "mappings" / "servicenow.yml"

_used = re.compile(r"\$\{(\w+):?-([^}]*)\}").findall

HEAD = """\
<!-- Made by `make docs` from the settings and the models of the configuration files. Change those. -->
# Configuration

A process reads its environment once, when it starts, and the files of its configuration with it; it refuses to start with what it
cannot read, and says the variable, or the file and line, and what is accepted there. `forewarn check-config` reads the files without
starting anything.

A **duration** is written `15s`, `10m`, `4h`, `7d` or `1h30m`, and is at most ten years. A **secret** named `FOREWARN_X` can also be
given as `FOREWARN_X_FILE`, the path of a file that holds it; the file wins. The type *name → …* is an object whose keys are yours. In a
key, `…` stands for such a name and `[]` for each entry of a list. A key that is not listed is a mistake. *built in* means that there is a
default which is too long for a table, and – that nothing is the default.

## Environment variables

"""
FILE_HEAD = "| key | type | default | meaning | example |\n|---|---|---|---|---|"
VARIABLE_HEAD = "| variable | type | default | meaning |\n|---|---|---|---|"


def page() -> str:
    return "\n".join([HEAD.rstrip("\n"), "", *_variables(), *_files()]) + "\n"


def settings() -> dict[str, type[Settings]]:
    """Returns the settings of each process by who reads them, those that several read first."""
    return {
        "Every service": Settings,
        "Mail (notifier, alerting)": MailSettings,
        **{name.capitalize(): _settings_of(name) for name in NAMES},
        "Alerting": AlertingSettings,
        "Init": InitSettings,
    }


def models() -> dict[str, tuple[type[BaseModel], Path]]:
    """Returns the model of each configuration file, and a file that examples are taken from: the shipped one, if that says anything."""
    shipped = {name: topics.FILE if name == topics.FILE.name else SHIPPED / name for name in FILES}
    shipped |= {path.name: path for path in EXAMPLES.glob("*.yml") if not any(yaml.safe_load(shipped[path.name].read_text()).values())}
    return {**{name: (FILES[name][0], path) for name, path in shipped.items()}, "Mappings of `forewarn replay`": (Mapping, MAPPING)}


def _settings_of(service: str) -> type[Settings]:
    module = import_module(f"services.{service}.settings")
    [found] = [each for each in vars(module).values() if isinstance(each, type) and each.__module__ == module.__name__]
    assert issubclass(found, Settings)  # noqa: S101  narrowing
    return found


# ── variables ────────────────────────────────────────────────────────────────────────────────


def _variables() -> Iterator[str]:
    for who, model in settings().items():
        yield from _table(f"### {who}", summary(model), VARIABLE_HEAD, _own(model))
    yield from _table("### The command line", "Each is also an option of the commands that need it.", VARIABLE_HEAD, _options())
    about = "Only `docker-compose.yml` reads these, from `.env` as every other that it passes on."
    yield from _table("### Docker compose", about, VARIABLE_HEAD, _of_compose())


def _own(model: type[Settings]) -> Iterator[Key]:
    """Yields the variables of these settings that those they extend do not have, or have with another default."""
    extended = [each for each in settings().values() if each is not model and issubclass(model, each)]
    known = {name: field for each in extended for name, field in each.model_fields.items()}
    [section, *_] = Reference(model).sections()
    for key in section.keys:
        if key.path not in known or known[key.path].default != model.model_fields[key.path].default:
            needed = key.path in model.required_secrets()
            yield Key(variable_of(key.path), key.kind, "required, except in `demo`" if needed else key.default, key.meaning)


def _options() -> Iterator[Key]:
    """Yields what the command line takes from the environment."""
    found: dict[str, Key] = {}
    for command in [*typer.main.get_command(app).commands.values()]:  # type: ignore[attr-defined]
        for each in _commands(command):
            for option in each.params:
                if option.envvar and isinstance(option.envvar, str):
                    default = str(option.default or "").removeprefix(f"{ROOT}/")
                    found.setdefault(option.envvar, Key(option.envvar, "text", f"`{default}`" if default else "–", option.help or ""))
    yield from found.values()


def _commands(command: Any) -> Iterator[Any]:
    yield command
    for inner in getattr(command, "commands", {}).values():
        yield from _commands(inner)


def _of_compose() -> Iterator[Key]:
    """Yields the variables of docker-compose.yml that no process reads, each with what it is for there."""
    known = {variable_of(name) for model in settings().values() for name in model.model_fields}
    text = (ROOT / "docker-compose.yml").read_text()
    for name, default in dict(_used(text)).items():
        if not {name, name.removesuffix("_FILE")} & known:
            yield Key(name, "text", f"`{default}`", _places(yaml.safe_load(text)["services"], name))


def _places(services: dict[str, dict[str, Any]], name: str) -> str:
    """Returns where the compose file uses a variable: `ports` of monitor."""
    found: dict[str, list[str]] = {}
    for service, keys in services.items():
        for key, held in keys.items():
            if any(f"${{{name}{end}" in str(held) for end in ":-"):
                found.setdefault(key, []).append(service)
    return "; ".join(f"`{key}` of {', '.join(services)}" for key, services in found.items())


# ── files ────────────────────────────────────────────────────────────────────────────────────


def _files() -> Iterator[str]:
    yield from ("## Files", "")
    seen: set[str] = set()
    for name, (model, shipped) in models().items():
        whole, *parts = Reference(model, yaml.safe_load(shipped.read_text())).sections()
        where = shipped.relative_to(ROOT)
        yield from _table(f"### {name}", f"{whole.about} An example: [{where}](../{where}).", FILE_HEAD, whole.keys)
        for part in parts:
            if part.title not in seen:
                seen.add(part.title)
                yield from _table(f"#### {part.title.capitalize()}", part.about, FILE_HEAD, part.keys)


def _table(title: str, about: str, head: str, keys: Iterator[Key] | list[Key]) -> Iterator[str]:
    columns = head.split("\n", maxsplit=1)[0].count("|") - 1
    yield from (title, "", about.replace("\n", " "), "", head)
    for key in keys:
        cells = (f"`{key.path}`", key.kind, key.default, key.meaning, key.example)[:columns]
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    yield ""
