"""A company's Alertmanager opens and ends an incident, by docs/emit.md: `python -m tests.compose.alertmanager` prints a line of JSON.

Two Alertmanagers of a stack of its own post to a hook. They know nothing of one another, as those of a cluster that has come apart, so
that each sends what the other sends. An alert that fires is said to both as Prometheus says it, and again and again; one of them is
started anew meanwhile. Those who used the component are told, once, that it may affect them, and that it is over when the alert has
ended. Whoever used another component hears nothing.
"""

import asyncio
import json
import os
import re
import secrets
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2

from deploy.local.processes import ROOT
from tests.compose.running import Running, compose
from tests.e2e.shop import Shop, until

PROJECT = "forewarn-alertmanager"
UP_S = 240
CUSTOMERS, OTHERS = 30, 10
ONE, OTHER = "alertmanager", "alertmanager-b"
PORTS = {ONE: 9093, OTHER: 9095}
SENT = re.compile(r'^alertmanager_notifications_total\{(?:[^}]*,)?integration="webhook"[^}]*\} (\S+)', re.MULTILINE)
AGAIN = 5  # times that the alert is said, half a second apart
QUIET_S = 5.0  # in which nobody may be told anything more

SOURCES = """\
hooks:
  - name: alertmanager
    kind: alertmanager
    secret: alertmanager
    component: "{labels.service}"
    map: {pay-api: payment}
"""
RULES = """\
rules:
  - id: alerts
    detector: alert
    title: "{component} has trouble"
    uses: {events: [com.example.request], within: 15m}
"""
RECEIVER = """\
  - name: forewarn
    webhook_configs:
      - url: http://monitor:8001/v1/hooks/alertmanager
        send_resolved: true
        http_config:
          authorization: {type: Bearer, credentials_file: /config/hooks/alertmanager}
"""
SECOND = """\
services:
  {other}:
    extends: {{file: {root}/docker-compose.yml, service: {one}}}
    ports: !override ["127.0.0.1:{port}:9093"]
    volumes: !override ["alertmanager-secrets:/run/secrets:ro", "{own}:/config:ro", "alertmanager-b-data:/alertmanager"]
volumes:
  alertmanager-b-data:
"""
ROUTE = "  routes: [{receiver: forewarn, matchers: ['service = pay-api'], group_wait: 0s, group_interval: 1s, repeat_interval: 2s}]\n"

Found = dict[str, Any]


def write_config(folder: Path) -> None:
    """Writes what an operator writes, so that the containers' users can read it."""
    (folder / "hooks").mkdir()
    shipped = (ROOT / "deploy/alertmanager/alertmanager.yml").read_text()
    files = {
        "sources.yml": SOURCES,
        "rules.yml": RULES,
        "catalog.yml": "components: {payment: {name: Payment}, search: {name: Search}}\n",
        "hooks/alertmanager": secrets.token_hex(32),
        "second.yml": SECOND.format(own=folder, root=ROOT, one=ONE, other=OTHER, port=PORTS[OTHER]),
        "alertmanager.yml": shipped.replace("  repeat_interval: 4h\n", "  repeat_interval: 4h\n" + ROUTE) + RECEIVER,
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


async def say(http: httpx2.AsyncClient, since: datetime, until_: datetime) -> None:
    """Says the alert to both Alertmanagers: it fires until `until_`, unless it is said again."""
    labels = {"alertname": "PaymentsFail", "service": "pay-api", "severity": "critical"}
    alert = {"labels": labels, "annotations": {"summary": "Payments fail"}, "startsAt": since.isoformat(), "endsAt": until_.isoformat()}
    for port in PORTS.values():
        (await http.post(f"http://localhost:{port}/api/v2/alerts", json=[alert])).raise_for_status()


async def sent(http: httpx2.AsyncClient, which: str) -> float:
    """Returns how many webhooks that Alertmanager has sent since it started; 0 while it does not answer."""
    try:
        said = (await http.get(f"http://localhost:{PORTS[which]}/metrics")).text
    except httpx2.TransportError:
        return 0.0
    return sum(map(float, SENT.findall(said)))


async def both_send(http: httpx2.AsyncClient) -> None:
    """Returns when either has sent a webhook. Raises TimeoutError when one does not."""

    async def have() -> bool:
        return all([await sent(http, which) for which in PORTS])

    await until(have, "both Alertmanagers have sent a webhook", seconds=60)


async def an_alert_and_its_end(shop: Shop, others: Shop) -> Found:
    """Raises TimeoutError or AssertionError when the incident, or who is told of it, is not as it must be."""
    await shop.work("payment")
    await others.work("search")
    began, started = datetime.now(UTC) - timedelta(seconds=2), time.monotonic()
    async with httpx2.AsyncClient(timeout=10) as http:
        for _ in range(AGAIN):
            await say(http, began, datetime.now(UTC) + timedelta(minutes=5))
            await asyncio.sleep(0.5)
        await shop.told("opened", CUSTOMERS, seconds=60)
        told_s = time.monotonic() - started
        await both_send(http)
        await compose("restart", OTHER)
        await until(lambda: answers(http, OTHER), f"{OTHER} answers again")
        await say(http, began, datetime.now(UTC) + timedelta(minutes=5))
        await both_send(http)
        [incident] = await shop.items("monitor", "/v1/incidents")
        impact = await shop.items("monitor", f"/v1/incidents/{incident['id']}/impact")
        ended = datetime.now(UTC)
        await say(http, began, ended)
    await shop.told("resolved", CUSTOMERS, seconds=60)
    await until(lambda: _is_resolved(shop), "the incident is resolved")
    await asyncio.sleep(QUIET_S)
    opened, resolved = await shop.mails("opened"), await shop.mails("resolved")
    [incident] = await shop.items("monitor", "/v1/incidents")
    assert abs(datetime.fromisoformat(incident["started_at"]) - began) < timedelta(seconds=1), incident
    assert all("may affect you" in mail.text for mail in opened), opened[0].text
    return {
        "incidents": 1,
        "component": incident["component"],
        "certainty": sorted({each["certainty"] for each in impact}),
        "told": len({mail.to for mail in opened}),
        "all_clear": len({mail.to for mail in resolved}),
        "told_twice": len(opened) + len(resolved) - 2 * CUSTOMERS,
        "others_told": len(await others.mails("opened")),
        "told_after_s": round(told_s, 1),
    }


async def answers(http: httpx2.AsyncClient, which: str) -> bool:
    """Says whether that Alertmanager takes alerts."""
    try:
        return (await http.get(f"http://localhost:{PORTS[which]}/-/ready")).status_code == 200
    except httpx2.TransportError:
        return False


async def _is_resolved(shop: Shop) -> bool:
    return [each["status"] for each in await shop.items("monitor", "/v1/incidents")] == ["resolved"]


async def main() -> int:
    """Prints what was found. Returns the exit code."""
    started, found = time.monotonic(), Found()
    with tempfile.TemporaryDirectory() as folder:
        write_config(Path(folder))
        files = f"{ROOT}/docker-compose.yml{os.pathsep}{folder}/second.yml"
        os.environ.update({"COMPOSE_PROJECT_NAME": PROJECT, "FOREWARN_CONFIG": folder, "COMPOSE_FILE": files})
        try:
            await compose("build", "--quiet")
            await compose("--profile", "observability", "up", "--detach", "--wait", "--wait-timeout", str(UP_S))
            stack = await Running.found()
            async with stack.shop("payer", CUSTOMERS) as shop, stack.shop("searcher", OTHERS) as others:
                found |= await an_alert_and_its_end(shop, others)
            assert (found["told_twice"], found["others_told"]) == (0, 0), "somebody was told twice, or without need"
        except (TimeoutError, RuntimeError, AssertionError, ValueError) as error:
            found["fell_short"] = str(error)
        finally:
            if "fell_short" in found:
                print(await compose("logs", "--no-color", "--tail", "40", "monitor", "notifier", *PORTS), file=sys.stderr)
            await compose("--profile", "*", "down", "--volumes", "--timeout", "5")
    print(json.dumps({**found, "seconds": round(time.monotonic() - started)}), flush=True)
    return int("fell_short" in found)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
