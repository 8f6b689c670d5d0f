"""Finds which customers dead letters are about, and who of them was erased since; whoever knows the erasures is asked by digests.

A letter may name a customer anywhere: in its key, in a header, as any text of its JSON. All of these are asked for.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from datetime import datetime
from typing import Any

import msgspec
from aiokafka import ConsumerRecord

from shared.erasing import digest
from shared.letters.letters import Letter, Place
from shared.mentions import without
from shared.streaming.dead_letters import PREFIX

LONGEST_ID = 255  # characters, as in every fact's subject
TEXTS = 5_000  # of one letter, that may be ids: an impact names 500 customers

Found = Sequence[tuple[Letter, ConsumerRecord]]
Find = Callable[[Sequence[str]], Awaitable[Mapping[str, datetime]]]  # of these digests in hex, those of the erased, and when
Among = Callable[[Found], Awaitable[Mapping[Place, frozenset[str]]]]

_quoted = re.compile(rb'"([^"\\\x00-\x1f]{1,1020})"').findall


async def named(letters: Found, find: Find) -> dict[Place, frozenset[str]]:
    """Returns whom each of these records names that was erased after it came."""
    texts = {letter.place: set(_texts(record)) for letter, record in letters}
    of = {digest(each).hex(): each for each in set().union(*texts.values())}
    when = {of[each]: at for each, at in (await find(list(of))).items()}
    erased = {
        letter.place: frozenset(each for each in texts[letter.place] & when.keys() if _is_older(letter, when[each]))
        for letter, _ in letters
    }
    return {place: customers for place, customers in erased.items() if customers}


def _is_older(letter: Letter, erased_at: datetime) -> bool:
    """Returns True when the record came before the erasure; one without a time counts as older."""
    try:
        return datetime.fromisoformat(letter.said("first-seen") or "") <= erased_at
    except (ValueError, TypeError):
        return True


def spared(record: ConsumerRecord, erased: Iterable[str]) -> ConsumerRecord | None:
    """Returns the record without what is about these customers; None when all of it is."""
    value = record.value
    for customer_id in erased:
        if customer_id.encode("utf-8", "surrogatepass") in _names_of(record) or value is None:
            return None
        if (value := without(value, customer_id)) is None:
            return None
    if value is record.value:
        return record
    rest = copy(record)
    rest.value = value
    return rest


def _names_of(record: ConsumerRecord) -> list[bytes]:
    """Returns the key, and what headers hold beside ours."""
    headers = [value for name, value in record.headers if value is not None and not name.startswith(PREFIX)]
    return [held for held in (record.key, *headers) if held is not None]


def _texts(record: ConsumerRecord) -> Iterator[str]:
    """Yields everything in a record that may be an id."""
    for held in _names_of(record):
        if len(held) <= 4 * LONGEST_ID:
            yield held.decode("utf-8", "surrogateescape")
    yield from _texts_in(record.value or b"")


def _texts_in(value: bytes) -> Iterator[str]:
    """Yields the texts of JSON, keys too; of other bytes what stands in quotes."""
    try:
        held = msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        yield from (each.decode("utf-8", "replace") for each in _quoted(value)[:TEXTS])
        return
    waiting: list[Any] = [held]
    count = 0
    while waiting and count < TEXTS:
        match waiting.pop():
            case dict() as inner:
                waiting += [*inner, *inner.values()]
            case list() as inner:
                waiting += inner
            case str() as text if len(text) <= LONGEST_ID:
                count += 1
                yield text
            case _:
                pass
