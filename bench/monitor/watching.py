"""The peer of the latency run: Prometheus and Alertmanager, of the versions of the compose stack, watch the same failures.

Both run with their defaults: a look and an evaluation a minute, and 30 seconds until Alertmanager tells the first alert of a group. Each
component is a group of its own, for of one group the second alert would wait five minutes. The product that they look at is here, and
so is the webhook that they tell. They share this machine's network, which they need for that, and listen on this machine only.
"""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2 as httpx
import yaml
from testcontainers.core.container import DockerContainer

from bench.events import COMPONENTS
from deploy.local.ports import free_port
from deploy.local.processes import ROOT

SHARE = 0.05  # of requests that fail, as the benchmark's rule has it
WARM_WITHIN = 200.0  # seconds until a minute's look and the next have been

PROMETHEUS = """\
scrape_configs: [{{job_name: product, static_configs: [{{targets: ["127.0.0.1:{product}"]}}]}}]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["127.0.0.1:{alertmanager}"]}}]}}]}}
rule_files: [/etc/prometheus/rules.yml]
"""
RULES = f"""\
groups:
  - name: product
    rules:
      - alert: RequestsFail
        expr: >-
          sum by (component) (rate(requests_total{{ok="false"}}[5m])) / sum by (component) (rate(requests_total[5m])) > {SHARE}
"""
ALERTMANAGER = """\
route: {{receiver: bench, group_by: [component]}}
receivers: [{{name: bench, webhook_configs: [{{url: "http://127.0.0.1:{product}/told"}}]}}]
"""


@dataclass
class Peer:
    """What the product has done, for Prometheus to look at, and when Alertmanager told of each component."""

    prometheus: int = 0  # its port
    told: dict[int, float] = field(default_factory=dict)  # component → seconds since the epoch
    _requests: Counter[tuple[int, bool]] = field(default_factory=Counter)

    def count(self, component: int, *, ok: bool) -> None:
        self._requests[component, ok] += 1

    def metrics(self) -> str:
        """Returns the counters as Prometheus reads them; those that are zero, too, as a product should have it."""
        lines = (
            f'requests_total{{component="{component}",ok="{str(ok).lower()}"}} {self._requests[component, ok]}\n'
            for component in range(COMPONENTS)
            for ok in (True, False)
        )
        return "# TYPE requests_total counter\n" + "".join(lines)

    def hear(self, body: bytes, now: float) -> None:
        """Takes what Alertmanager tells. Of a component the first time counts."""
        for alert in json.loads(body)["alerts"]:
            if alert["status"] == "firing":
                self.told.setdefault(int(alert["labels"]["component"]), now)

    async def warm(self) -> None:
        """Returns when Prometheus has looked at the product twice: only then can it say what changes."""
        async with httpx.AsyncClient(timeout=10) as http, asyncio.timeout(WARM_WITHIN):
            while await self._looks(http) < 2:  # noqa: ASYNC110  another process looks
                await asyncio.sleep(1)

    async def _looks(self, http: httpx.AsyncClient) -> float:
        asked = {"query": "min(count_over_time(requests_total[10m]))"}
        found = (await http.get(f"http://127.0.0.1:{self.prometheus}/api/v1/query", params=asked)).json()["data"]["result"]
        return float(found[0]["value"][1]) if found else 0.0


@asynccontextmanager
async def watching(folder: Path) -> AsyncIterator[Peer]:
    """Prometheus and Alertmanager watch the product that the peer tells of, while the context lasts."""
    peer = Peer(prometheus=free_port())
    with _product(peer) as product:
        ports = {"product": product, "alertmanager": free_port()}
        _write(folder, ports)
        prometheus = _container("prometheus", folder, peer.prometheus, "--storage.tsdb.path=/prometheus")
        alone = "--storage.path=/alertmanager", "--cluster.listen-address="
        alertmanager = _container("alertmanager", folder, ports["alertmanager"], *alone)
        try:
            await asyncio.to_thread(alertmanager.start)
            await asyncio.to_thread(prometheus.start)
            yield peer
        finally:
            await asyncio.to_thread(prometheus.stop)
            await asyncio.to_thread(alertmanager.stop)


def _write(folder: Path, ports: Mapping[str, int]) -> None:
    """Writes what both are configured by, so that the containers' users can read it."""
    folder.mkdir()
    folder.chmod(0o755)
    files = {"prometheus.yml": PROMETHEUS.format(**ports), "rules.yml": RULES, "alertmanager.yml": ALERTMANAGER.format(**ports)}
    for name, text in files.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o644)


@cache
def _image(service: str) -> str:
    """Returns the image that the compose file names."""
    image: str = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"][service]["image"]
    return image


def _container(service: str, folder: Path, port: int, *options: str) -> DockerContainer:
    command = [f"--config.file=/etc/{service}/{service}.yml", f"--web.listen-address=127.0.0.1:{port}", *options]
    container = DockerContainer(_image(service)).with_command(command).with_kwargs(network_mode="host")
    container.with_volume_mapping(str(folder), f"/etc/{service}", "ro")
    return container


@contextmanager
def _product(peer: Peer) -> Iterator[int]:
    """Serves the product's metrics, and what Alertmanager calls; yields the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(peer.metrics().encode())

        def do_POST(self) -> None:
            now = time.time()
            peer.hear(self.rfile.read(int(self.headers["Content-Length"])), now)
            self._answer(b"")

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing: the benchmark's lines are what is read."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
