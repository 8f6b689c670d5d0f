"""Hostile records for the topics that other systems write, and for those of our own facts: garbage, near misses, false claims."""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from shared.events import FACT_OF, FOREIGN, TOPIC_OF, Topic
from tests.batches import CODECS
from tests.hostile.texts import scalar, text
from tests.hostile.wire import Record

CORPUS = Path(__file__).parents[1] / "contract" / "corpus" / "v1"
WRITTEN_BY_OTHERS = sorted(FOREIGN)
TIMESTAMPS = (0, -1, 1, 253402300800000, -62135596800001, 2**63 - 1, -(2**63) + 1)  # milliseconds: year 0, year 10000, no year at all


@dataclass(frozen=True)
class Example:
    """One valid message of the corpus."""

    topic: str
    event: Mapping[str, Any]


def examples() -> list[Example]:
    """Returns every message that was ever released, with the topic it belongs on."""
    found = []
    for path in sorted(CORPUS.glob("*.json")):
        for message in json.loads(path.read_text()):
            event = message["value"]
            if event and "type" in event:  # in structured mode; no tombstone
                fact = FACT_OF.get(event["type"])
                found.append(Example(TOPIC_OF[fact] if fact else Topic.PRODUCT_EVENTS, event))
    return found


EXAMPLES = examples()
FROM_OTHERS = [example for example in EXAMPLES if example.topic in FOREIGN]


# ── values ───────────────────────────────────────────────────────────────────────────────────


def noise(dice: random.Random) -> bytes:
    return dice.randbytes(dice.choice((0, 1, 7, 300, 3_000)))


def flipped(dice: random.Random) -> bytes:
    """Returns a valid message with some bytes changed."""
    value = bytearray(_valid(dice))
    for _ in range(dice.choice((1, 3, 20))):
        value[dice.randrange(len(value))] = dice.randrange(256)
    return bytes(value)


def cut(dice: random.Random) -> bytes:
    value = _valid(dice)
    return value[: dice.randrange(len(value))]


def deep(dice: random.Random) -> bytes:
    """Returns JSON nested as far as parsers go, and further; within an event, or alone."""
    depth = dice.choice((60, 120, 500, 966, 1_030, 3_000, 5_000))
    opening, closing = dice.choice((("[", "]"), ('{"a":', "}")))
    nested = opening * depth + "1" + closing * depth
    if dice.random() < 0.3:
        return nested.encode()
    return json.dumps({**_event(dice), "data": "HERE"}).replace('"HERE"', nested).encode()


def long(dice: random.Random) -> bytes:
    """Returns an event with far too much of something: an attribute, attributes, items, digits."""
    event = _event(dice)
    turn = dice.randrange(4)
    if turn == 0:
        event[dice.choice(("id", "source", "type", "subject"))] = "x" * dice.choice((256, 5_000, 300_000))
    elif turn == 1:
        event |= {f"extension{number}": text(dice)[:50] for number in range(1_000)}
    elif turn == 2:
        event["data"] = {"component": "c", "items": [scalar(dice) for _ in range(5_000)]}
    else:
        return json.dumps(event | {"data": "HERE"}).replace('"HERE"', "9" * 50_000).encode()
    return _json(event)


def wrong(dice: random.Random) -> bytes:
    """Returns one attribute, or one field of the data, that is something else."""
    event = dict(dice.choice(FROM_OTHERS).event)
    data = event.get("data")
    if isinstance(data, dict) and data and dice.random() < 0.6:
        event["data"] = {**data, dice.choice(sorted(data)): scalar(dice)}
    else:
        event[dice.choice(sorted(event))] = scalar(dice)
    return _json(event)


def untimely(dice: random.Random) -> bytes:
    at = dice.choice(("0000-01-01T00:00:00Z", "1999-12-31T00:00:00Z", "2999-01-01T00:00:00Z", "9999-12-31T23:59:59+14:00", "12:00", 17, ""))
    return _json({**_event(dice), "time": at})


def lying(dice: random.Random) -> bytes:
    """Returns a well-formed event of a component, with a customer, and data that cannot be so."""
    data = {"component": dice.choice((text(dice), scalar(dice))), "ok": scalar(dice), "latency_ms": scalar(dice)}
    return _json({**_event(dice), "subject": text(dice), "data": data})


def not_utf8(dice: random.Random) -> bytes:
    return _json(_event(dice)).decode().encode(dice.choice(("utf-16", "utf-32", "utf-7", "cp037")))


VALUES: tuple[Callable[[random.Random], bytes], ...] = (noise, flipped, cut, deep, long, wrong, untimely, lying, not_utf8)


# ── records ──────────────────────────────────────────────────────────────────────────────────


def record(dice: random.Random) -> Record:
    """Returns a record for one of the topics that others write; any codec, now and then a timestamp that is none, or no value at all."""
    value = dice.choice(VALUES)(dice)
    return Record(
        topic=dice.choice(WRITTEN_BY_OTHERS),
        key=dice.choice((None, b"", b"c-1", dice.randbytes(8), b"\xff" * 300)),
        value=None if dice.random() < 0.05 else value,
        timestamp=dice.choice(TIMESTAMPS) if dice.random() < 0.2 else _now(),
        codec=dice.choice(sorted(CODECS)),
    )


def forged(dice: random.Random) -> Record:
    """Returns a fact of ours with an id of its own and one field of its data changed to what it cannot be, on the topic it belongs on."""
    example = dice.choice([each for each in EXAMPLES if each.topic not in FOREIGN])
    data = dict(example.event["data"])
    subject = str(UUID(int=dice.getrandbits(128)))  # about nothing that is so: whoever writes facts is believed (SECURITY.md)
    data |= {name: subject for name in data if name in ("incident_id", "ticket_id", "notification_id")}
    changed = {dice.choice(sorted(data)): scalar(dice)} if data and dice.random() < 0.4 else {}
    event = {**example.event, "id": f"forged-{dice.getrandbits(64)}", "subject": subject, "data": {**data, **changed}}
    return Record(example.topic, subject.encode(), _json(event), timestamp=_now())


def with_headers(dice: random.Random) -> Record:
    """Returns a record in binary mode with headers that nobody has: names of any bytes, thousands of them, the same twice."""
    event = _event(dice)
    headers: list[tuple[bytes, bytes | None]] = [
        (f"ce_{name}".encode(), str(held).encode()) for name, held in event.items() if name != "data" and dice.random() < 0.97
    ]
    turn = dice.randrange(8)
    if turn == 0:
        headers.append((dice.randbytes(6) + b"\xff", b"a name that is not UTF-8"))
    elif turn == 1:
        headers.append((b"na\0me", b"va\0lue"))
    elif turn == 2:
        headers += [(b"h%d" % number, b"") for number in range(3_000)]
    elif turn == 3:
        headers.append(dice.choice(headers))
    elif turn == 4:
        headers.append((b"", None))
    elif turn == 5:
        headers.append((b"x" * 20_000, b"y" * 20_000))
    elif turn == 6:
        headers.append(
            (b"content-type", dice.choice((b"\xff", b"application/cloudevents+json", b"text/plain", b"application/x", b"", b";" * 5_000)))
        )
    else:
        headers[dice.randrange(len(headers))] = (dice.choice(headers)[0], dice.choice((None, b"\xff\xfe", b"\0", _bytes(text(dice)))))
    return replace(record(dice), headers=tuple(headers))


def _event(dice: random.Random) -> dict[str, Any]:
    """Returns a request that is fine."""
    return {
        "specversion": "1.0",
        "id": f"h-{dice.getrandbits(64)}",
        "source": "/hostile",
        "type": "com.example.request",
        "time": datetime.now(UTC).isoformat(),
        "subject": f"h-{dice.randrange(1_000)}",
        "data": {"component": "hostile", "ok": True, "latency_ms": 5},
    }


def _valid(dice: random.Random) -> bytes:
    return _json(dice.choice(FROM_OTHERS).event if dice.random() < 0.5 else _event(dice))


def _json(event: Mapping[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=False, allow_nan=True).encode("utf-8", "surrogatepass")


def _bytes(said: str) -> bytes:
    return said.encode("utf-8", "surrogatepass")[:50_000]


def _now() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)
