"""Each module of a service stands where an import contract covers it, or in a folder that is there to reach the outside.

The contract of pure modules (`pyproject.toml`) names folders, so a file put into one is under it at once. This asks the other way round:
a module anywhere else in a service must be in a room of this list, or stand here with its reason.
"""

import tomllib
from pathlib import Path

import pytest

from deploy.services import NAMES

ROOT = Path(__file__).parents[2]

REACHING = {
    "__main__": "wires the service",
    "hearing": "a message came",
    "timers": "time passed",
    "api": "somebody called",
    "pages": "somebody looks or acts",
    "acting": "asks the service that owns a thing",
    "sessions": "who is signed in",
    "live": "tells open pages what has changed",
    "frame": "draws",
    "site": "puts the pages together",
    "rebuilding": "reads the topics anew",
    "public": "what customers reach",
    "store": "all SQL there is",
    "acts": "changes a row under its lock and says the fact",
    "settings": "reads the environment",
    "metrics": "counts",
    "keeping": "says how long rows are kept",
    "personal": "says what rows hold of a customer",
}
APART = {
    "services.monitor.actions": "has done what rules ask for about risks, and calls webhooks; what of it is pure is under the contract",
    "services.monitor.sources": "reads and writes events as bytes, by `shared/cloudevents.py`",
    "services.monitor.past": "reads the past, and tries drafts of rules on it in a process of its own",
    "services.monitor.ruling": "reads the rules anew while monitor runs",
    "services.notifier.announcing": "finds whom maintenance is for, in pieces, as a fact says it",
    "services.notifier.follow_up": "works off what a fact changes for its customers",
    "services.notifier.returning": "reads the mailbox of bounces, and judges what came back",
    "services.notifier.channels": "brings messages to people; what of it is pure is under the contract",
    "services.notifier.delivering": "works off what is due, a hundred at a time",
    "services.notifier.operators.telling": "tells those who run it",
    "services.notifier.channels.email": "speaks SMTP; what of it is pure is under the contract",
    "services.notifier.channels.webhook": "speaks HTTP and notes what came of it; what of it is pure is under the contract",
    "services.ticketing.linking": "brings tickets and incidents together, whichever came first",
    "services.ticketing.taking": "takes a request, from Kafka or REST",
}


def _pure() -> tuple[str, ...]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    return next(tuple(each["source_modules"]) for each in contracts if each["name"].startswith("Rules know no Kafka"))


def _within(module: str, *rooms: str) -> bool:
    return any(module == room or module.startswith(room + ".") for room in rooms)


def _modules(service: str) -> list[str]:
    files = sorted((ROOT / "services" / service).rglob("*.py"))
    return [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files if file.name != "__init__.py"]


@pytest.mark.parametrize("service", NAMES)
def test_each_module_is_pure_by_contract_or_in_a_room_that_reaches_outside(service: str) -> None:
    reaching = [f"services.{service}.{room}" for room in REACHING]
    homeless = [module for module in _modules(service) if not _within(module, *_pure(), *reaching, *APART)]
    assert homeless == [], "put it into a pure folder, into a room of REACHING, or into APART with its reason"


def test_what_stands_apart_is_still_there() -> None:
    modules = [module for service in NAMES for module in _modules(service)]
    assert [apart for apart in (*APART, *_pure()) if apart.startswith("services.") and not any(_within(m, apart) for m in modules)] == []
