"""Says whether a customer can be reached, and why not. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Reach:
    """Is whether the customer can be told of incidents: `yes`, `no`, or `unknown` while notifier does not say."""

    state: str
    words: str


def reach(contacts: Sequence[Mapping[str, Any]], consent: Mapping[str, bool], chosen: Mapping[str, Any] | None) -> Reach:
    """Returns the first reason that stands against it. `chosen`: what the customer chose with us; None when notifier does not answer."""
    if not contacts:
        return Reach("no", "not reachable: no address is known")
    if all(each.get("bad") for each in contacts):
        return Reach("no", "not reachable: a provider said of every address that it does not exist")
    if chosen is None:
        return Reach("unknown", "not known now: notifier does not answer")
    wish = chosen.get("incident")
    if wish is False:
        return Reach("no", "not told of incidents: the customer chose so")
    if wish is None and consent.get("incident") is False:
        return Reach("no", "not told of incidents: the product’s systems say that they do not consent")
    return Reach("yes", "reachable")
