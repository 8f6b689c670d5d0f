"""Reads of a record's JSON only what a mapping names. Pure.

A path's parts are separated by dots: `user.id`, or `items.0.sku` for what stands at a place of a list. Paths become one msgspec Struct,
so that what nobody reads is skipped and not decoded. What does not fit it is decoded whole, and its paths are followed one by one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from shared.cloudevents import DEEPEST, MAX_BYTES, Reason, Undecodable, is_deep

ENTRIES = 10_000  # of one record's list
MISFITS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)  # whatever msgspec raises for what it cannot read
_SHALLOW = 2 * DEEPEST  # bytes that cannot be nested too deep

Values = tuple[Any, ...]  # what each path leads to, in the order of the paths; None when it leads nowhere
Follow = Callable[[Any], Any]

NOTHING: Mapping[tuple[str, ...], Any] = MappingProxyType({})

_decode = msgspec.json.Decoder().decode


class Paths:
    """Reads paths of records, each into a tuple of values."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._follow = [path(each) for each in paths]
        self._shape = _shape([each.split(".") for each in paths])

    def values(self, value: bytes) -> Values:
        """Returns what the paths lead to. Raises Undecodable for what is no JSON object."""
        if self._shape is not None and _is_plain(value):
            try:
                return self._shape.values(self._shape.decode(value))
            except MISFITS:
                pass  # perhaps another type than the Struct has; reading it whole says what it is
        said = whole(value)
        return tuple([follow(said) for follow in self._follow])


class Entries:
    """Reads the entries of a list in records, and what the record says beside it."""

    def __init__(self, each: str, paths: Sequence[str], of_entry: Sequence[str | None]) -> None:
        """Takes the list's path, the paths that begin at the record, and those that begin at an entry; None is the entry itself."""
        self._list = path(each)
        self._follow = [path(each) for each in paths]
        self._of_entry = [_itself if each is None else path(each) for each in of_entry]
        self._shapes = _shapes(each.split("."), [each.split(".") for each in paths], of_entry)

    def values(self, value: bytes) -> Iterator[Values]:
        """Yields for each entry what the paths lead to: those of the record, then those of the entry. Raises Undecodable."""
        if self._shapes is not None and _is_plain(value):
            of_record, of_entry = self._shapes
            try:
                *common, entries = of_record.values(of_record.decode(value))
            except MISFITS:
                pass
            else:
                yield from ((*common, *of_entry.values(entry)) for entry in _entries(entries))
                return
        said = whole(value)
        common = [follow(said) for follow in self._follow]
        yield from ((*common, *[follow(entry) for follow in self._of_entry]) for entry in _entries(self._list(said)))


def _entries(said: Any) -> list[Any]:
    """Returns the list, an empty one for what is none. Raises Undecodable when it is too long."""
    if not isinstance(said, list):
        return []
    if len(said) > ENTRIES:
        raise Undecodable(Reason.TOO_LARGE, f"{len(said)} entries")
    return said


def whole(value: bytes) -> dict[str, Any]:
    """Returns all that a record says. Raises Undecodable for what is no JSON object."""
    if not value:
        raise Undecodable(Reason.EMPTY, "no value")
    if len(value) > MAX_BYTES:
        raise Undecodable(Reason.TOO_LARGE, f"{len(value)} bytes")
    try:
        said = _decode(value)
    except MISFITS:
        raise Undecodable(Reason.NOT_JSON, "malformed") from None
    if not isinstance(said, dict):
        raise Undecodable(Reason.NOT_JSON, "not an object")
    if _brackets(value) > DEEPEST and is_deep(said):  # the look itself costs as much as decoding does
        raise Undecodable(Reason.NOT_JSON, "nested too deep")
    return said


def path(name: str) -> Follow:
    """Returns what follows a path; None when it leads nowhere."""
    first, *rest = name.split(".")
    if not rest:
        return lambda said: said.get(first) if type(said) is dict else None
    return _followed((first, *rest))


def _followed(parts: Sequence[str]) -> Follow:
    def follow(said: Any) -> Any:
        for part in parts:
            if type(said) is dict:
                said = said.get(part)
            elif type(said) is list and part.isdecimal() and int(part) < len(said):
                said = said[int(part)]
            else:
                return None
        return said

    return follow


def _itself(entry: Any) -> Any:
    return entry


def _brackets(value: bytes) -> int:
    return value.count(b"{") + value.count(b"[")


def _is_plain(value: bytes) -> bool:
    """Returns True when what a Struct skips cannot be what `whole` refuses, but for numbers out of range."""
    if len(value) > _SHALLOW and (len(value) > MAX_BYTES or _brackets(value) > DEEPEST):
        return False
    return value.isascii() or _is_utf8(value)


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


# ── paths as a Struct ────────────────────────────────────────────────────────────────────────


class _Path(NamedTuple):
    """Is a path as far as a Struct has it, and what is left of it."""

    stem: tuple[str, ...]
    rest: tuple[str, ...]


class _Shape:
    """Is the Struct of some paths, and how their values are taken from it."""

    def __init__(self, paths: Sequence[_Path], kinds: Mapping[tuple[str, ...], Any]) -> None:
        """`kinds`: what stands at a stem, where that is not just anything."""
        names: dict[tuple[str, ...], str] = {}  # of a stem → the attribute's, through all Structs between
        self.type = _struct(_tree(paths), (), names, kinds)
        self.decode = msgspec.json.Decoder(self.type).decode
        self._names = [names[each.stem].split(".") for each in paths]
        self._take = attrgetter(*[names[each.stem] for each in paths])
        self._alone = len(paths) == 1
        self._rest = [(number, _followed(each.rest)) for number, each in enumerate(paths) if each.rest]

    def values(self, said: Any) -> Values:
        try:
            values: Values = (self._take(said),) if self._alone else self._take(said)
        except AttributeError:  # an object on the way is null
            values = tuple([_carefully(said, names) for names in self._names])
        if self._rest:
            held = list(values)
            for number, follow in self._rest:
                held[number] = follow(held[number])
            return tuple(held)
        return values


def _carefully(said: Any, names: Sequence[str]) -> Any:
    for name in names:
        said = getattr(said, name, None)
    return said


def _shape(paths: Sequence[Sequence[str]], kinds: Mapping[tuple[str, ...], Any] = NOTHING) -> _Shape | None:
    """Returns the paths compiled; None when there are none, or one whose first part no Struct can have."""
    stems = [_stem(parts) for parts in paths]
    if not stems or not all(stems):
        return None
    known = set(stems)
    # What is read itself, and also looked into, is decoded as it is.
    shortest = [next(stem[:end] for end in range(1, len(stem) + 1) if stem[:end] in known) for stem in stems]
    return _Shape([_Path(stem, tuple(parts[len(stem) :])) for stem, parts in zip(shortest, paths, strict=True)], kinds)


def _shapes(each: Sequence[str], paths: Sequence[Sequence[str]], of_entry: Sequence[str | None]) -> tuple[_Shape, _Shape] | None:
    """Returns what is read of a record, its list at last, and what of each entry; None where they cannot be compiled."""
    entry = None if None in of_entry else _shape([name.split(".") for name in of_entry if name is not None])
    stem = tuple(each)
    if entry is None or _stem(each) != stem or any(stem[: len(other)] == other[: len(stem)] for other in map(_stem, paths)):
        return None
    record = _shape([*paths, each], {stem: list[entry.type] | None})  # type: ignore[name-defined]
    return None if record is None else (record, entry)


def _stem(parts: Sequence[str]) -> tuple[str, ...]:
    """Returns the beginning of a path that Structs can have: up to what may be a place of a list, or has an odd character."""
    end = next((at for at, part in enumerate(parts) if part.isdecimal() or not _can_be_name(part)), len(parts))
    return tuple(parts[:end])


def _can_be_name(part: str) -> bool:
    """Returns True for what msgspec takes as a field's name in JSON."""
    return not any(each in '"\\' or each < " " or "\ud800" <= each <= "\udfff" for each in part)


def _tree(paths: Sequence[_Path]) -> dict[str, Any]:
    """Returns the stems as objects within objects; one that holds nothing is read as it is."""
    tree: dict[str, Any] = {}
    for each in paths:
        node = tree
        for part in each.stem:
            node = node.setdefault(part, {})
    return tree


def _struct(
    tree: dict[str, Any], stem: tuple[str, ...], names: dict[tuple[str, ...], str], kinds: Mapping[tuple[str, ...], Any]
) -> type[msgspec.Struct]:
    """Makes the Struct of a tree, and notes in `names` where what stands at each stem is."""
    fields: list[tuple[str, Any, Any]] = []
    before = f"{names[stem]}." if stem else ""
    for number, (part, inner) in enumerate(tree.items()):
        name, here = f"f{number}", (*stem, part)
        names[here] = before + name
        if inner:
            kind = _struct(inner, here, names, kinds)
            fields.append((name, kind | None, kind()))
        else:
            fields.append((name, kinds.get(here, Any), None))
    parts = {f"f{number}": part for number, part in enumerate(tree)}
    return msgspec.defstruct("Said", fields, rename=parts, frozen=True, gc=False)
