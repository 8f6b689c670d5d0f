"""The peer: the barest loop there is, aiokafka's getmany and msgspec into the same struct. Prints the events a second it read.

Run as `python -m bench.monitor.bare BOOTSTRAP TOPIC COUNT`, in a process of its own, as monitor is.
"""

import sys
import time

import msgspec
import uvloop
from aiokafka import AIOKafkaConsumer

from shared.events import ProductEvent


async def main(bootstrap: str, topic: str, count: int) -> None:
    decode = msgspec.json.Decoder(ProductEvent).decode
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, group_id="bench-bare", auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    read, started = 0, 0.0
    try:
        while read < count:
            batches = await consumer.getmany(timeout_ms=1000, max_records=5000)
            started = started or (time.perf_counter() if batches else 0.0)
            for records in batches.values():
                for record in records:
                    decode(record.value)
                read += len(records)
        print(round(read / (time.perf_counter() - started)))
    finally:
        await consumer.stop()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
