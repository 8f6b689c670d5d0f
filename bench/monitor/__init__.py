"""monitor: its throughput, what an event costs as things grow, how soon trouble is found and told, its restart and its memory.

Each room measures one matter and returns its figures; `--rooms` picks some. Docker is needed, with the images of the compose stack.
"""

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable

from bench import mapping
from bench.monitor import backlog, customers, incidents, latency, replicas, throughput
from bench.monitor.stage import Stage
from bench.monitor.watching import Peer, watching
from bench.servers import servers

Room = Callable[[Stage], Awaitable[dict[str, object]]]

# The order saves time: the first three read the same events.
ROOMS: dict[str, Room] = {
    "throughput": throughput.measure,
    "incidents": incidents.measure,
    "replicas": replicas.measure,
    "customers": customers.measure,
    "backlog": backlog.measure,
}
MAPPING, LATENCY = "mapping", "latency"
ALL = (MAPPING, *ROOMS, LATENCY)

# How the line begins, as its readers know it; what else there is follows.
KEYS = (
    "events_per_s", "bare_events_per_s", "ratio", "ratio_12_rules", "cost_1m_to_10k_customers", "cost_10k_to_10_incidents",
    "cost_50_to_1_rules", "opened_p50_s", "opened_p99_s", "alertmanager_p50_s", "told_after_p50_s", "told_after_p99_s",
    "restart_1m_customers_s", "moved_s", "two_replicas_ratio", "mapped_per_s", "rss_mb",
)  # fmt: skip


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--events", type=int, default=2_000_000, help="monitor: events of each run")
    parser.add_argument("--incidents", type=int, default=30, help="monitor: outages of the latency run, one every 2 s")
    parser.add_argument("--backlog", type=int, default=5_000_000, help="monitor: events of an hour that it was away")
    parser.add_argument("--quick", action="store_true", help="monitor: half of everything, to try it; its figures are none")
    parser.add_argument("--rooms", nargs="+", choices=ALL, default=ALL, metavar="ROOM", help=f"monitor: only these of {', '.join(ALL)}")


async def measure(said: Namespace) -> dict[str, object]:
    """Returns the figures of all rooms, or of those that are asked for."""
    if said.quick:
        said.events, said.incidents, said.backlog = said.events // 2, said.incidents // 2, said.backlog // 2
    found, started = dict[str, object](), time.monotonic()
    async with servers() as of, watching(of.folder / "peer") as peer:
        stage = Stage(of, said)
        for name in (name for name in ALL if name in said.rooms):
            print(f"── {name} (after {time.monotonic() - started:.0f} s)", flush=True)
            found |= await _room(name, stage, peer)
    print(f"all of it took {time.monotonic() - started:.0f} s", flush=True)
    return {"bench": "monitor", **{key: found[key] for key in KEYS if key in found}, **found}


async def _room(name: str, stage: Stage, peer: Peer) -> dict[str, object]:
    if name == MAPPING:
        return {"mapped_per_s": (await mapping.measure(stage.said))["mapped_per_s"]}
    if name == LATENCY:
        async with servers() as of:
            return await latency.measure(of, stage.said.incidents, peer)
    return await ROOMS[name](stage)
