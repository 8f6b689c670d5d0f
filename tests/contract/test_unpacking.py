"""Unpacking gives records or their places, whatever the bytes, and never an exception; these tests also hold what it needs of aiokafka."""

import gzip
import random
import struct
from collections.abc import Callable, Mapping
from dataclasses import asdict
from inspect import unwrap

import cramjam
import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from shared.streaming import compression, unpacking
from shared.streaming.unpacking import Batches, Unpacking, Unreadable
from tests.batches import NOW, Record, batch, packed, sealed

AT = TopicPartition("shop.v1", 3)
GOOD = Record(b"k", b"good", [("a", b"\xff"), ("b", None)])
ODD = Record(b"k", b"odd", [(b"odd-name-\xff\xfe", b"v")])
CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}


def unpacked(data: bytes, since: int = 0) -> list[unpacking.Record]:
    return list(Unpacking(AT, Batches(data), [], since, None, None, True, fetcher.READ_COMMITTED))


def by_aiokafka(data: bytes) -> list[unpacking.Record]:
    """Unpacks by aiokafka's own classes, whatever is installed; each field of its records has a field of ours."""
    found = Unpacking.__mro__[1](AT, MemoryRecords(data), [], 0, None, None, True, fetcher.READ_COMMITTED)
    return [unpacking.Record(**asdict(each)) for each in found]


def outcome(records: list[unpacking.Record]) -> list[tuple[int, bytes | str | None]]:
    return [(each.offset, each.why if isinstance(each, Unreadable) else each.value) for each in records]


def test_aiokafkas_fetcher_makes_by_these_names_what_install_replaces() -> None:
    assert {"MemoryRecords", "PartitionRecords"} <= set(unwrap(fetcher.Fetcher._proc_fetch_request).__code__.co_names)
    unpacking.install()
    assert (fetcher.MemoryRecords, fetcher.PartitionRecords) == (Batches, Unpacking)


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS.keys())
def test_what_aiokafka_can_unpack_is_unpacked_as_aiokafka_does(codec: int) -> None:
    data = batch(*[GOOD] * 5, codec=codec) + batch(GOOD, (None, None, ()), codec=codec, first=5) + batch(GOOD, first=7)[:-3]
    ours = unpacked(data)
    assert ours == by_aiokafka(data)
    assert [each.offset for each in ours] == list(range(7))


@pytest.mark.parametrize("magic", [0, 1])
def test_batches_of_the_formats_before_kafka_0_11_are_unpacked_as_aiokafka_does(magic: int) -> None:
    builder = LegacyRecordBatchBuilder(magic, 1, 1 << 20)
    for number in range(3):
        builder.append(number, NOW, b"k", b"good")
    data = struct.pack(">q", 2) + bytes(builder.build())[8:]  # a broker gives the batch the offset of its last record
    assert unpacked(data) == by_aiokafka(data)
    assert [each.offset for each in unpacked(data)] == [0, 1, 2]
    assert outcome(unpacked(data[:-1] + bytes([data[-1] ^ 1]))) == [(2, "CorruptRecordException, offsets 0 to 2")]


def test_a_header_name_that_is_not_utf_8_makes_aiokafka_raise_and_costs_that_record_only() -> None:
    data = batch(GOOD, ODD, GOOD) + batch(GOOD, first=3)
    with pytest.raises(UnicodeDecodeError):
        by_aiokafka(data)
    assert outcome(unpacked(data)) == [(0, b"good"), (1, "UnicodeDecodeError"), (2, b"good"), (3, b"good")]
    assert outcome(unpacked(data, since=2)) == [(2, b"good"), (3, b"good")]


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS.keys())
def test_a_bad_record_in_a_compressed_batch_costs_that_record_only(codec: int) -> None:
    whole = batch(GOOD, ODD, GOOD)
    data = packed(whole, codec, COMPRESS[codec](whole[61:]))
    assert outcome(unpacked(data)) == [(0, b"good"), (1, "UnicodeDecodeError"), (2, b"good")]


COMPRESS: Mapping[int, Callable[[bytes], bytes]] = {
    0: bytes,
    1: gzip.compress,
    2: lambda data: bytes(cramjam.snappy.compress_raw(data)),
    3: lambda data: bytes(cramjam.lz4.compress(data)),
    4: lambda data: bytes(cramjam.zstd.compress(data)),
}


def test_a_record_that_says_it_stands_far_ahead_costs_itself() -> None:
    """The broker lets it pass; taken at its word it would have everything left out until the topic gets there."""
    data = bytearray(batch(GOOD, GOOD, GOOD))
    at = 61 + (len(data) - 61) // 3 + 3  # the second record: its length, attributes and timestamp are a byte each
    assert data[at] == 2, "a zig-zag 1"
    data[at] = 126
    whole = sealed(bytes(data)) + batch(GOOD, first=3)
    assert outcome(unpacked(whole)) == [(0, b"good"), (1, "it says that it stands at 63"), (2, b"good"), (3, b"good")]


def test_a_wrong_checksum_costs_its_batch() -> None:
    data = batch(GOOD) + (bad := batch(GOOD, GOOD, first=1))[:-3] + b"\0" + bad[-2:] + batch(GOOD, first=3)
    with pytest.raises(CorruptRecordException):
        by_aiokafka(data)
    assert outcome(unpacked(data)) == [(0, b"good"), (2, "CorruptRecordException, offsets 1 to 2"), (3, b"good")]


@pytest.mark.parametrize("codec", [1, 2, 3, 4, 5, 6, 7])
def test_a_batch_that_does_not_decompress_or_has_no_codec_of_kafkas_costs_itself(codec: int) -> None:
    data = packed(batch(GOOD, GOOD), codec, b"\x82SNAPPY\0 and this is not compressed") + batch(GOOD, first=2)
    [bad, good] = unpacked(data)
    assert (bad.offset, good.offset, good.value) == (1, 2, b"good")
    assert isinstance(bad, Unreadable)
    assert bad.why.endswith(", offsets 0 to 1")


@pytest.mark.parametrize("codec", [1, 2, 3, 4])
def test_a_batch_that_would_fill_the_memory_is_not_decompressed(codec: int) -> None:
    largest, larger = bytes(compression.LARGEST), bytes(compression.LARGEST + 1)
    assert compression.decompressed(COMPRESS[codec](largest), codec) == largest
    with pytest.raises(compression.TooLarge):
        compression.decompressed(COMPRESS[codec](larger), codec)


def test_whatever_the_bytes_nothing_is_raised_and_the_batch_behind_them_is_read() -> None:
    chance = random.Random(7)
    for turn in range(3000):
        data = bytearray(batch(GOOD, ODD, GOOD, codec=chance.choice([0, 0, 1, 2, 3, 4])))
        for _ in range(chance.randrange(1, 4)):
            data[chance.randrange(57, len(data))] = chance.randrange(256)
        found = outcome(unpacked((sealed(bytes(data)) if turn % 2 else bytes(data)) + batch(GOOD, first=3)))
        assert found[-1] == (3, b"good"), f"turn {turn}: {found}"
        unpacked(bytes(chance.randrange(256) if chance.random() < 0.1 else byte for byte in data[: chance.randrange(len(data))]))


def transactional(*values: bytes, producer: int, first: int, control: bool = False) -> bytes:
    """Returns a batch of a transaction; `control`: the marker that ends one."""
    builder = DefaultRecordBatchBuilder(2, 0, 1, producer, 0, 0, 1 << 20)
    for number, value in enumerate(values):
        builder.append(number, NOW, value, value, [])
    data = bytearray(builder.build())
    data[22] |= 0x20 if control else 0
    struct.pack_into(">q", data, 0, first)
    return sealed(bytes(data))


def test_what_an_aborted_transaction_wrote_and_all_markers_are_left_out_as_aiokafka_does() -> None:
    abort, commit = struct.pack(">hh", 0, 0), struct.pack(">hh", 0, 1)
    data = transactional(b"a", b"b", producer=7, first=0) + transactional(b"c", producer=8, first=2)
    data += transactional(abort, producer=7, first=3, control=True) + transactional(commit, producer=8, first=4, control=True)
    data += transactional(b"d", producer=7, first=5) + batch(GOOD, first=6)
    for level in (fetcher.READ_COMMITTED, fetcher.READ_UNCOMMITTED):
        ours = Unpacking(AT, Batches(data), [(7, 0)], 0, None, None, True, level)
        theirs = Unpacking.__mro__[1](AT, MemoryRecords(data), [(7, 0)], 0, None, None, True, level)
        found = list(ours)
        assert [(each.offset, each.value) for each in found] == [(each.offset, each.value) for each in theirs]
        assert ours.next_fetch_offset == theirs.next_fetch_offset == 7
        assert [each.offset for each in found] == ([2, 5, 6] if level == fetcher.READ_COMMITTED else [0, 1, 2, 5, 6])
