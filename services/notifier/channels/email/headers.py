"""Header fields as the standards have them: folded lines (RFC 5322, 2.2.3) and encoded words (RFC 2047). Pure, in linear time.

A value is cut into pieces that stay whole, each with the space before it; a line is broken only between two pieces.
Links and message ids are pieces of their own, and only text becomes encoded words.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from string import ascii_letters, digits

LINE = 76  # characters; RFC 2047 wants no more where an encoded word is, RFC 5322 would like no more than 78
LONGEST = 998  # octets, which no line may exceed (RFC 5322, 2.1.1)
WORD = 75  # characters of an encoded word (RFC 2047, 2)
FRAME = len("=?utf-8?q??=")

_words = re.compile(r"(?<! ) *[^ ]+").findall
_atoms = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?: [\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII).fullmatch
_dot_atom = re.compile(r"[^.]+(?:\.[^.]+)*").fullmatch
_safe = frozenset(b"!*+-/" + ascii_letters.encode() + digits.encode())  # what RFC 2047, 5 (3) lets stand for itself, in a name too
_written = {octet: "_" if octet == ord(" ") else chr(octet) if octet in _safe else f"={octet:02X}" for octet in range(256)}
_special = re.compile(r'(["\\])').sub


def text(name: str, value: str) -> str:
    """Returns a field of words for people: one line of text without control characters."""
    return _folded(name, _words(f" {value}") if _is_plain(value) else _encoded(name, value))


def mailbox(name: str, display: str, address: str) -> str:
    """Returns a field of one address (its domain in ASCII), and how its owner is called."""
    local, _, domain = address.rpartition("@")
    addr_spec = address if _dot_atom(local) else f'"{local}"@{domain}'
    if not display:
        return _folded(name, [f" {addr_spec}"])
    if not _is_plain(display):
        return _folded(name, [*_encoded(name, display), f" <{addr_spec}>"])
    phrase = display if _atoms(display) else '"' + _special(r"\\\1", display) + '"'
    return _folded(name, [f" {phrase}", f" <{addr_spec}>"])


def tokens(name: str, values: Iterable[str]) -> str:
    """Returns a field of ASCII values none of which may be broken, such as message ids, links or a date."""
    return _folded(name, [f" {value}" for value in values])


def fits(name: str, value: str) -> bool:
    """Says whether the value may stand in one piece."""
    return len(f"{name}: {value}".encode()) <= LONGEST


def _folded(name: str, pieces: Iterable[str]) -> str:
    lines, line = [], f"{name}:"
    for piece in pieces:
        if len(line) + len(piece) > LINE and len(line) > len(name) + 1:
            lines.append(line)
            line = piece
        else:
            line += piece
    return "".join(f"{each}\r\n" for each in [*lines, line])


def _is_plain(value: str) -> bool:
    return value.isascii() and "=?" not in value


def _encoded(name: str, value: str) -> list[str]:
    """Returns encoded words, in the shorter of both encodings; each holds whole characters, and the first fits behind the field's name."""
    rooms, q, b = (LINE - len(f"{name}: ") - FRAME, WORD - FRAME), _q(value), _b(value)
    if len(q) <= len(b):
        runs = [value] if len(q) <= rooms[0] else _runs(value, lambda character: len(_q(character)), rooms)
        return [f" =?utf-8?q?{_q(run)}?=" for run in runs]
    runs = [value] if len(b) <= rooms[0] else _runs(value, lambda character: len(character.encode()), [room // 4 * 3 for room in rooms])
    return [f" =?utf-8?b?{_b(run)}?=" for run in runs]


def _runs(value: str, size: Callable[[str], int], rooms: Sequence[int]) -> list[str]:
    """Returns the value cut into runs, the first of at most `rooms[0]`, the others of at most `rooms[1]`."""
    starts, left = [0], rooms[0]
    for at, long in enumerate(map(size, value)):
        if long > left:
            starts.append(at)
            left = rooms[1]
        left -= long
    return [value[start:end] for start, end in zip(starts, [*starts[1:], len(value)], strict=True)]


def _q(run: str) -> str:
    return run.encode().decode("latin-1").translate(_written)


def _b(run: str) -> str:
    return b64encode(run.encode()).decode()
