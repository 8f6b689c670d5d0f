"""The body of a mail says the same in several forms (MIME, RFC 2045 and 2046), of which a mail program shows the last that it can. Pure.

Each line is as short as the standards want and ends in CRLF. Dots at the start of a line are doubled where the mail is sent.
"""

import re
from base64 import encodebytes
from binascii import b2a_qp
from hashlib import blake2b

LONGEST = 998  # octets of a line that is sent as it is (RFC 5322, 2.1.1)
SMALL = 10_000  # characters; a longer text beyond ASCII becomes base64, which is written in a tenth of the time

_safe = bytes(octet for octet in (*b"\r\n", *range(0x20, 0x7F)) if octet != ord("="))  # RFC 2045, 6.7
_line_of_77 = re.compile(rb"^(.{74})(?==(?:20|09)\r$)", re.MULTILINE).sub  # b2a_qp makes it where a line ends in white space

PART = b'Content-Type: text/%s; charset="utf-8"\r\nContent-Transfer-Encoding: %s\r\n\r\n%s'
HEAD = b'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="%s"\r\n'


def alternatives(*forms: tuple[str, str]) -> bytes:
    """Returns the headers and the body of `(subtype of text, text)`, the plainest first. Lines of a text end in LF."""
    parts = [PART % (subtype.encode(), *encoded(text)) for subtype, text in forms]
    boundary = b"=_" + blake2b(b"".join(parts), digest_size=16).hexdigest().encode()  # no text can hold its own digest
    between = b"\r\n--%s\r\n" % boundary
    return b"".join([HEAD % boundary, between, between.join(parts), b"\r\n--%s--\r\n" % boundary])


def encoded(text: str) -> tuple[bytes, bytes]:
    """Returns the name of a transfer encoding of 7 bits, and the text in it. Its last line is ended even if the text does not end it."""
    raw = (text if text.endswith("\n") else f"{text}\n").replace("\n", "\r\n").encode()
    if text.isascii() and _has_short_lines(raw):
        return b"7bit", raw
    if _is_smaller_in_base64(text, raw):
        return b"base64", encodebytes(raw).replace(b"\n", b"\r\n")
    return b"quoted-printable", _line_of_77(rb"\1=\r\n", b2a_qp(raw))


def _has_short_lines(raw: bytes) -> bool:
    """Says whether no line has more than LONGEST octets; it looks at one line end in each LONGEST octets, not at every line."""
    start = 0
    while start < len(raw):
        end = raw.rfind(b"\r\n", start, start + LONGEST + 2)
        if end < 0:
            return False
        start = end + 2
    return True


def _is_smaller_in_base64(text: str, raw: bytes) -> bool:
    """Says whether four characters for every three octets are fewer than two more for each octet that is quoted."""
    if len(text) > SMALL and not text.isascii():
        return True
    return (len(raw) + 2) // 3 * 4 < len(raw) + 2 * len(raw.translate(None, _safe))
