"""Decompresses batches within bounds, by every codec Kafka has: a compressed record of a few kilobytes can hold gigabytes.

The numbers of the codecs are those in a batch's attributes: https://kafka.apache.org/documentation/#recordbatch
"""

import struct
import zlib
from collections.abc import Callable, Mapping

import cramjam

LARGEST = 32 << 20  # bytes a batch may have when it is decompressed; producers make them of 16 KiB to 1 MiB
LIKELY = 16  # most batches decompress to at most so many times their size: the first buffer

NO_ROOM = "failed to write whole buffer"  # what cramjam says when the output is larger than the room for it
XERIAL = b"\x82SNAPPY\0"  # begins what Java's snappy stream writes: blocks with their lengths, after 16 bytes
BLOCK_LENGTH = struct.Struct(">I")


class TooLarge(Exception):
    """The batch would have more than LARGEST bytes when decompressed."""


class UnknownCodec(Exception):
    """Kafka has no codec of that number."""


def decompressed(data: bytes, codec: int) -> bytes | bytearray:
    """Decompresses a batch. Raises TooLarge, UnknownCodec, or what the codec raises where the bytes are not its own."""
    if (decompress := DECOMPRESS.get(codec)) is None:
        raise UnknownCodec(codec)
    return decompress(data)


def _gzip(data: bytes) -> bytes:
    reading = zlib.decompressobj(wbits=31)  # gzip's own header and checksum
    text = reading.decompress(data, LARGEST)
    if reading.unconsumed_tail:
        raise TooLarge
    if not reading.eof:
        raise zlib.error("it ends too early")
    return text


def _snappy(data: bytes) -> bytes:
    blocks = _xerial(data) if data.startswith(XERIAL) else [data]
    if sum(map(cramjam.snappy.decompress_raw_len, blocks)) > LARGEST:
        raise TooLarge
    return b"".join(bytes(cramjam.snappy.decompress_raw(block)) for block in blocks)


def _xerial(data: bytes) -> list[bytes]:
    blocks, at = [], 16
    while at < len(data):
        [length] = BLOCK_LENGTH.unpack_from(data, at)
        at += BLOCK_LENGTH.size
        blocks.append(data[at : at + length])
        at += length
    return blocks


def _growing(decompress_into: Callable[[bytes, bytearray], int]) -> Callable[[bytes], bytearray]:
    """Adapts a codec that does not say the output's size beforehand: it gets a buffer of a likely size first, then larger ones."""

    def decompress(data: bytes) -> bytearray:
        size = min(max(LIKELY * len(data), 64 << 10), LARGEST)
        while True:
            room = bytearray(size)
            try:
                del room[decompress_into(data, room) :]
            except cramjam.DecompressionError as error:
                if NO_ROOM not in str(error):
                    raise
                if size == LARGEST:
                    raise TooLarge from None
                size = min(8 * size, LARGEST)
            else:
                return room

    return decompress


DECOMPRESS: Mapping[int, Callable[[bytes], bytes | bytearray]] = {
    1: _gzip,
    2: _snappy,
    3: _growing(cramjam.lz4.decompress_into),
    4: _growing(cramjam.zstd.decompress_into),
}
