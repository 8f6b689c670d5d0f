"""Prometheus' and Alertmanager's shipped configuration with shorter times, so that a test need not wait for minutes.

Every `for`, range and offset is divided by the same number, and so are the ages in seconds and the assignments that alerts
speak of; nothing else changes. That the shipped times are right is promtool's to prove (`deploy/prometheus/rules_test.yml`).
"""

import re
from collections.abc import Callable
from pathlib import Path

FASTER = 240
SHORTEST_RANGE_S, SHORTEST_FOR_S, SHORTEST_AGE_S = 10.0, 1.0, 3.0  # gauges are measured every 5 s
FEWEST_ASSIGNMENTS = 3.0  # members hear of a rebalance by their next heartbeat, so a short time has room for few
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
OPERATOR = "email duty"  # the only operator whom notifier tells
DEPLOY = Path(__file__).parents[2] / "deploy"

_duration = r"(\d+)([smhd])"


def rules() -> str:
    """Returns `rules.yml`, faster."""
    text = (DEPLOY / "prometheus/rules.yml").read_text()
    text = _each(rf"(?<=\[){_duration}(?=\])", text, SHORTEST_RANGE_S)
    text = _each(rf"(?<=\[){_duration}(?=:)", text, SHORTEST_RANGE_S)
    text = _each(rf"(?<=:){_duration}(?=\])", text, 0)
    text = _each(rf"(?<=offset ){_duration}", text, SHORTEST_RANGE_S)
    text = _each(rf"(?<=for: ){_duration}", text, SHORTEST_FOR_S)
    for age in ("_age_seconds", "_behind_seconds"):
        text = _fewer(age, text, SHORTEST_AGE_S)
    return _fewer("_assignments_total", text, FEWEST_ASSIGNMENTS)


def prometheus() -> str:
    """`prometheus.yml`, looking once a second, for replicas too."""
    return re.sub(r"(\w+_interval): \w+", r"\1: 1s", (DEPLOY / "prometheus/prometheus.yml").read_text())


def alertmanager() -> str:
    """Returns `alertmanager.yml`, telling at once."""
    return re.sub(r"(group_wait|group_interval): \w+", r"\1: 1s", (DEPLOY / "alertmanager/alertmanager.yml").read_text())


def config() -> dict[str, str]:
    """The services' files; an incident is silent after 5 s, a shop is a source, its carrier has a hook, and an operator hears of brakes."""
    files = {path.name: path.read_text() for path in [*(DEPLOY / "config").glob("*.yml"), DEPLOY / "config/examples/sources.yml"]}
    files["sources.yml"] += "hooks: [{name: carrier, kind: json, secret: carrier, events: [{type: com.example.parcel}]}]\n"
    channel, name = OPERATOR.split()
    files["notifications.yml"] += f"operators: [{{channel: {channel}, address: {name}, of: [brakes]}}]\n"
    return files | {"rules.yml": re.sub(r"silent: \w+", "silent: 5s", files["rules.yml"])}


def _each(pattern: str, text: str, shortest_s: float) -> str:
    return re.sub(pattern, _scaled(shortest_s), text)


def _fewer(metric: str, text: str, fewest: float) -> str:
    """The number that a metric whose name ends so must exceed."""
    return re.sub(rf"({metric}[^>\n]*> )(\d+)", lambda found: f"{found[1]}{max(int(found[2]) / FASTER, fewest):g}", text)


def _scaled(shortest_s: float) -> Callable[[re.Match[str]], str]:
    def scale(found: re.Match[str]) -> str:
        seconds = int(found[1]) * UNITS[found[2]] / FASTER
        return f"{max(seconds, shortest_s) * 1000:.0f}ms"

    return scale
