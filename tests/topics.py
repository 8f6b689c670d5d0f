"""Reads a topic of a real broker to its end, by aiokafka alone: tests judge with it what the product has written."""

from aiokafka import AIOKafkaConsumer, ConsumerRecord


async def everything_in(topic: str, bootstrap: str) -> list[ConsumerRecord]:
    """Returns every record that the topic holds now; those of one partition are in order."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=None, auto_offset_reset="earliest")
    await consumer.start()
    try:
        ends = await consumer.end_offsets(list(consumer.assignment()))
        found: list[ConsumerRecord] = []
        while any([await consumer.position(at) < end for at, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += records
        return found
    finally:
        await consumer.stop()
