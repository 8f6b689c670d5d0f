"""What a Struct reads of a record is what following each path through all of it finds, whatever the record says."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.monitor.sources.paths import ENTRIES, Entries, Paths, path, whole
from shared.cloudevents import DEEPEST, MAX_BYTES, Reason, Undecodable

# Few names, so that paths lead somewhere, and odd ones: places of lists, what a Struct cannot have, and what JSON escapes.
PARTS = st.sampled_from(["a", "b", "user", "0", "1", "٣", "", "a b", "é", "\u2028", 'quo"te', "back\\slash", "\x7f", "\t"])
NAMES = st.lists(PARTS, min_size=1, max_size=4).map(".".join)
SCALARS = st.one_of(
    st.sampled_from(["null", "true", "false", "0", "-0", "-0.0", "1.5", "1e5", "1E-7", "12345678901234567890", "9" * 60, "0.1" + "7" * 40]),
    st.integers().map(str),
    st.text(max_size=5).map(json.dumps),
    st.text(max_size=5).map(lambda said: json.dumps(said, ensure_ascii=False)),
)
KEYS = st.tuples(PARTS, st.booleans()).map(lambda each: json.dumps(each[0], ensure_ascii=each[1]))


def _object(held: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Makes objects as text, in which a key may be said twice."""
    pairs = st.lists(st.tuples(KEYS, held), max_size=4)
    return pairs.map(lambda said: "{" + ",".join(f"{key}:{value}" for key, value in said) + "}")


JSON = st.recursive(
    SCALARS, lambda held: st.one_of(_object(held), st.lists(held, max_size=3).map(lambda all_: f"[{','.join(all_)}]")), max_leaves=25
)
RECORDS = _object(JSON).map(str.encode)
# No digit is put in: a number that no float can hold is refused where it is read, and nowhere else.
SPOILT = st.tuples(
    RECORDS, st.integers(0, 200), st.sampled_from([b"", b"\xff", b"{", b"}", b'"', b"\\", b"\xc3\xa9", b"\xed\xa0\x80", b"\0"])
).map(lambda each: each[0][: each[1]] + each[2] + each[0][each[1] + 1 :])


def outcome(read: Callable[[], Any]) -> str:
    """Returns what is read, so that 1, 1.0 and true differ; or why nothing is."""
    try:
        return repr(read())
    except Undecodable as error:
        return str(error)


def plainly(value: bytes, paths: Sequence[str]) -> tuple[Any, ...]:
    said = whole(value)
    return tuple(path(each)(said) for each in paths)


def entries_plainly(value: bytes, each: str, paths: Sequence[str], of_entry: Sequence[str | None]) -> list[tuple[Any, ...]]:
    said = whole(value)
    found = path(each)(said)
    common = [path(name)(said) for name in paths]
    rows = found if isinstance(found, list) else []
    return [(*common, *[entry if name is None else path(name)(entry) for name in of_entry]) for entry in rows]


@given(RECORDS | SPOILT, st.lists(NAMES, max_size=5))
@example(b'{"a":{"b":1},"a":{"user":2}}', ["a.b"])
@example(b'{"a":null}', ["a.b", "a.user"])
@example(b'{"a":{"b":1}}', ["a", "a.b", "a.b.c"])
@example(b'{"a":[{"b":1}]}', ["a.0.b"])
@example(b'{"a":{"0":{"b":1}}}', ["a.0.b", "a.b"])
@example(b'{"\\u0061":1}', ["a"])
@example(b'{"a":1,"other":"\xff"}', ["a"])
@example(b'{"a":"\\ud800"}', ["b"])
@example(b'{"other":' + b"[" * 150 + b"]" * 150 + b"}", ["a"])
@example(b'{"a":{"b":' + b"9" * 300 + b"}}", ["a.b"])
def test_a_compiled_reader_agrees_with_a_plain_one(value: bytes, paths: list[str]) -> None:
    assert outcome(lambda: Paths(paths).values(value)) == outcome(lambda: plainly(value, paths))


@given(RECORDS | SPOILT, NAMES, st.lists(NAMES, max_size=3), st.lists(NAMES | st.none(), max_size=3))
@example(b'{"a":[{"b":1},{"b":2,"b":3},{}],"b":7}', "a", ["b"], ["b"])
@example(b'{"a":[{"b":1},"bread"]}', "a", [], ["b", None])
@example(b'{"a":[{"b":1},"bread"]}', "a", [], ["b"])
@example(b'{"a":{"b":[{"b":{"a":1}}]}}', "a.b", ["a"], ["b.a"])
@example(b'{"a":{"b":[{"b":{"a":1}}]}}', "a.b", ["a.user", "a.b.0.b.a"], ["b.a"])
@example(b'{"a":null}', "a", ["b"], ["b"])
@example(b'{"a":[[1,2]]}', "a", [], ["0", "1"])
def test_of_entries_too(value: bytes, each: str, paths: list[str], of_entry: list[str | None]) -> None:
    read = Entries(each, paths, of_entry).values
    assert outcome(lambda: list(read(value))) == outcome(lambda: entries_plainly(value, each, paths, of_entry))


def test_what_nobody_reads_is_not_looked_at_so_its_numbers_may_be_too_large_for_anything() -> None:
    value = b'{"a":1,"other":1e999,"many":' + b"9" * 5_000 + b"}"
    assert Paths(["a"]).values(value) == (1,)
    with pytest.raises(Undecodable, match=Reason.NOT_JSON):
        Paths(["other"]).values(value)


@pytest.mark.parametrize("levels", [DEEPEST - 1, DEEPEST])
def test_a_record_nested_too_deep_is_refused_wherever_it_is(levels: int) -> None:
    value = b'{"a":1,"other":' + b"[" * levels + b"]" * levels + b"}"
    assert outcome(lambda: Paths(["a"]).values(value)) == ("(1,)" if levels < DEEPEST else "not_json: nested too deep")


def test_a_record_too_large_is_refused_before_it_is_read() -> None:
    value = b'{"a":1,"other":"' + b"x" * MAX_BYTES + b'"}'
    assert outcome(lambda: Paths(["a"]).values(value)) == f"too_large: {len(value)} bytes"


def test_a_list_has_as_many_entries_as_go_at_most() -> None:
    read = Entries("a", [], ["b"]).values
    assert len(list(read(msgspec.json.encode({"a": [{"b": 1}] * ENTRIES})))) == ENTRIES
    with pytest.raises(Undecodable, match=Reason.TOO_LARGE):
        list(read(msgspec.json.encode({"a": [{"b": 1}] * (ENTRIES + 1)})))
