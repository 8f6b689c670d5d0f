"""Reads YAML strictly: refuses, each with its line, what can be misread or can do harm. A text becomes nodes, and nodes values. Pure.

It leaves out what no configuration needs: tags, keys that are no text, duplicate keys, great depth, and aliases that multiply.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml

LARGEST = 1 << 20  # bytes of a file
DEEPEST = 32  # lists and mappings within each other
MOST_NODES = 100_000  # with aliases written out: more is a mistake, or an attack
SHOWN = 60  # characters of what stands there

Place = tuple[int, str]  # a line, and what is to be said of it


class Unsound(Exception):
    """The text is not valid YAML; one place per mistake."""

    def __init__(self, *places: Place) -> None:
        super().__init__("; ".join(f"line {line}: {what}" for line, what in places))
        self.places = places


class _Loader(yaml.SafeLoader):
    """Stops where a tag or too much depth begins, before any node is made of it."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        line = event.start_mark.line + 1 if event.start_mark else 1
        if (tag := getattr(event, "tag", None)) is not None:
            raise Unsound((line, f"the tag {_short(tag)} is not read here"))
        if not isinstance(event, yaml.CollectionStartEvent):
            return super().compose_node(parent, index)
        if self._depth == DEEPEST:
            raise Unsound((line, f"nested more than {DEEPEST} deep"))
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def compose(raw: bytes) -> yaml.Node | None:
    """Returns the nodes of a file, all of them checked; None when it holds nothing. Raises Unsound."""
    text = _text(raw)
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.reader.ReaderError as error:
        raise Unsound((_line_at(text[: error.position]), _misplaced(error.character))) from None
    except yaml.MarkedYAMLError as error:
        raise Unsound((error.problem_mark.line + 1 if error.problem_mark else 1, str(error.problem))) from None
    if node is not None and (mistakes := list(_mistakes(node))):
        raise Unsound(*mistakes)
    return node


def value_of(node: yaml.Node | None) -> Any:
    """Returns the value of checked nodes: texts, numbers, truth values, dates, lists and mappings of texts to such."""
    return {} if node is None else yaml.SafeLoader("").construct_document(node)


def surprises(root: yaml.Node | None) -> Iterator[Place]:
    """Yields words and figures that YAML 1.1 reads as something else than they look like: `off`, `10:30`, `010`, `1_000`."""
    for node in _nodes(root) if root else ():
        if isinstance(node, yaml.ScalarNode) and node.style is None and node.tag in _LOOKS and not _LOOKS[node.tag](node.value):
            read = str(yaml.SafeLoader("").construct_object(node)).lower()
            meant = "word" if node.tag == _BOOL else "text"
            said = f'{node.value} is read as {read}; write {read}, or "{node.value}" if the {meant} is meant'
            yield node.start_mark.line + 1, said


_BOOL, _TEXT, _MERGE = (f"tag:yaml.org,2002:{name}" for name in ("bool", "str", "merge"))
_LOOKS = {
    _BOOL: re.compile(r"true|false", re.IGNORECASE).fullmatch,
    "tag:yaml.org,2002:int": re.compile(r"[-+]?(?:0|[1-9][0-9]*)").fullmatch,
    "tag:yaml.org,2002:float": re.compile(r"[^:_]*").fullmatch,
}
_control_character = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]").search


def _text(raw: bytes) -> str:
    if len(raw) > LARGEST:
        raise Unsound((1, f"the file has more than {LARGEST >> 10:,} kB"))
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise Unsound((_line_at(raw[: error.start].decode()), "this is not UTF-8")) from None


def _misplaced(character: int) -> str:
    return f"the character U+{character:04X} may not stand here"


def _line_at(before: str) -> int:
    return before.count("\n") + 1


def _short(said: str) -> str:
    return said if len(said) <= SHOWN else f"{said[:SHOWN]}…"


def _mistakes(root: yaml.Node) -> Iterator[Place]:
    looked_at: set[int] = set()
    for node in _nodes(root):
        if id(node) in looked_at:  # an alias
            continue
        looked_at.add(id(node))
        if isinstance(node, yaml.MappingNode):
            yield from _of_keys(node)
        elif isinstance(node, yaml.ScalarNode):
            if found := _control_character(node.value):
                yield node.start_mark.line + 1, _misplaced(ord(found[0]))
            elif not _is_sound(node):
                yield node.start_mark.line + 1, f"{_short(node.value)!r} is no value that can be read"


def _nodes(root: yaml.Node) -> Iterator[yaml.Node]:
    """Yields every node, an alias as often as it is used. Raises Unsound when they are too many."""
    waiting = [root]
    for _ in range(MOST_NODES):
        if not waiting:
            return
        node = waiting.pop()
        yield node
        if isinstance(node, yaml.MappingNode):
            waiting += [each for pair in reversed(node.value) for each in reversed(pair)]
        elif isinstance(node, yaml.SequenceNode):
            waiting += reversed(node.value)
    raise Unsound((node.start_mark.line + 1, f"more than {MOST_NODES:,} values, aliases written out"))


def _of_keys(node: yaml.MappingNode) -> Iterator[Place]:
    """Yields the mistakes in a mapping's keys: YAML takes any key, and the last of two equal ones hides all under the first."""
    first: dict[str, int] = {}
    for key, _ in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode) or key.tag == _MERGE:
            yield line, "a key is a text"
        elif key.tag != _TEXT:
            yield line, f'the key {_short(key.value)} is read as something else than text; write "{_short(key.value)}"'
        elif key.value in first:
            yield line, f"{_short(key.value)} is there twice, first in line {first[key.value]}"
        else:
            first[key.value] = line


def _is_sound(node: yaml.ScalarNode) -> bool:
    """Returns True when the scalar can be read: what looks like a date or number may be none, and then PyYAML raises a plain ValueError."""
    try:
        yaml.SafeLoader("").construct_object(node)
    except (ValueError, yaml.YAMLError):
        return False
    return True
