"""monitor: its throughput against the bare loop, how soon customers are told, its memory in a backlog, and how fast it maps records."""

from argparse import ArgumentParser, Namespace
from statistics import quantiles

from bench import backlog, latency, mapping, throughput
from bench.servers import servers


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--events", type=int, default=2_000_000, help="monitor: events of the throughput run")
    parser.add_argument("--incidents", type=int, default=30, help="monitor: outages of the latency run, one every 2 s")
    parser.add_argument("--backlog", type=int, default=10_000_000, help="monitor: events of an hour that it was away")


async def measure(said: Namespace) -> dict[str, object]:
    mapped = await mapping.measure(said)
    async with servers() as of:
        folded, bare = await throughput.measure(of, said.events)
    async with servers() as of:
        delays = await latency.measure(of, said.incidents)
    async with servers() as of:
        rss_mb = await backlog.measure(of, said.backlog)
    cuts = quantiles(delays, n=100)
    p50, p99 = cuts[49], cuts[98]
    print(f"{len(delays)} mails, told after {p50:.2f} s in the median, {p99:.2f} s at the 99th percentile, {max(delays):.2f} s at most")
    return {
        "bench": "monitor",
        "events_per_s": round(folded),
        "bare_events_per_s": round(bare),
        "ratio": round(folded / bare, 3),
        "told_after_p50_s": round(p50, 3),
        "told_after_p99_s": round(p99, 3),
        "mapped_per_s": mapped["mapped_per_s"],
        "rss_mb": round(rss_mb),
    }
