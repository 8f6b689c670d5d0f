"""Every codec Kafka has, by librdkafka and by Kafka's own client, is read: real Kafka, one worker."""

import asyncio
import shlex

import pytest
from confluent_kafka import Producer

from shared.cloudevents import write_fact
from shared.streaming.compression import decompressed
from shared.streaming.unpacking import CODEC, CODEC_AT, INT32, LENGTH_AT, LENGTH_ENDS, RECORDS_AT
from tests.builders import customer
from tests.faults.members import started
from tests.faults.site import Site, within

pytestmark = [pytest.mark.asyncio, pytest.mark.docker]

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")  # by their numbers
CLIENTS = ("librdkafka", "java")
EACH = 50  # events by each codec and client, enough that batches are compressed


def events(client: str, codec: str) -> dict[str, str]:
    """Returns ids and events."""
    ids = [f"{client}-{codec}-{number}" for number in range(EACH)]
    return {each: write_fact(customer(each)).decode() for each in ids}


def by_librdkafka(site: Site, codec: str) -> None:
    producer = Producer({"bootstrap.servers": site.kafka.bootstrap, "compression.type": codec, "linger.ms": 50})
    for each in events("librdkafka", codec).values():
        producer.produce(site.topic, each)
    assert producer.flush(30) == 0


def by_kafkas_own(site: Site) -> None:
    """Sends all codecs at the same time: each is a JVM that has to start."""
    producers = [
        f"printf '%s\\n' {shlex.join(events('java', codec).values())} | /opt/kafka/bin/kafka-console-producer.sh"
        f" --bootstrap-server localhost:19092 --topic {site.topic} --compression-codec {codec}"
        for codec in CODECS
    ]
    begun = "".join(f"({producer}) & p{number}=$!\n" for number, producer in enumerate(producers))
    ended = " && ".join(f"wait $p{number}" for number in range(len(CODECS)))
    code, output = site.kafka.container.exec(["sh", "-c", begun + ended])
    assert code == 0, output


def stored(site: Site) -> set[tuple[str, str]]:
    """Returns which client's events the broker's disk holds by which codec."""
    code, data = site.kafka.container.exec(["sh", "-c", f"cat /var/lib/kafka/data/{site.topic}-*/0*.log"])
    assert code == 0
    found, at = set(), 0
    while at < len(data):
        codec = data[at + CODEC_AT] & CODEC
        ends = at + LENGTH_ENDS + INT32.unpack_from(data, at + LENGTH_AT)[0]
        text = data[at + RECORDS_AT : ends] if codec == 0 else decompressed(data[at + RECORDS_AT : ends], codec)
        found |= {(client, CODECS[codec]) for client in CLIENTS if client.encode() in text}
        at = ends
    return found


async def test_events_by_every_codec_and_both_clients_are_counted(site: Site) -> None:
    async with started(member := site.member("a")):
        await within(20, member.ready, "the worker is ready")
        for codec in CODECS:
            await asyncio.to_thread(by_librdkafka, site, codec)
        await asyncio.to_thread(by_kafkas_own, site)
        wanted = {each for client in CLIENTS for codec in CODECS for each in events(client, codec)}

        async def all_counted() -> bool:
            return {row["id"] for row in await site.rows("SELECT id FROM counted")} == wanted

        await within(30, all_counted, "every event is counted")
        await within(10, member.ready, "the worker is ready")
    assert await site.records(f"{site.topic}.dlq") == []
    assert await asyncio.to_thread(stored, site) == {(client, codec) for client in CLIENTS for codec in CODECS}
