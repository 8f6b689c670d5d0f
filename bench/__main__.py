"""`python -m bench`: monitor's throughput against the bare loop, and how soon customers are told. The last line is one JSON object."""

import argparse
import asyncio
import json
import logging
from statistics import quantiles

from bench import latency, throughput
from bench.servers import servers


async def main(events: int, incidents: int) -> dict[str, object]:
    async with servers() as of:
        folded, bare = await throughput.measure(of, events)
    async with servers() as of:
        delays = await latency.measure(of, incidents)
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
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--incidents", type=int, default=30, help="outages in the latency run, one every 2 s")
    arguments = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # until the broker answers it says so at every try
    print(json.dumps(asyncio.run(main(arguments.events, arguments.incidents))))
