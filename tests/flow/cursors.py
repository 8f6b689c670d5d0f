"""Cursors that no list of ours has given out, for the tests of every list."""

import base64


def encoded(position: bytes) -> str:
    return base64.urlsafe_b64encode(position).decode().rstrip("=")


# These are not even base64 of text, as ours are; or of text that Postgres cannot take.
NO_CURSOR = [
    "x",
    "%",
    "AAAA=",
    "A A",
    "AAAAA",
    "é",
    "\ud7ff",
    "\x00",
    encoded(b"\xff"),
    encoded(b"\0"),
    encoded(b"c-1\0"),
    encoded(b"c-1") + "=",
]

# These are text, but not of a list by time or by number.
NOT_OURS = [
    *NO_CURSOR,
    *(
        encoded(position)
        for position in (
            b"nothing of ours",
            b"NaN i-1",
            b"0000-01-01T00:00:00+00:00 i-1",
            b"0001-01-01T00:00:00+14:00 i-1",
            b"9999-12-31T23:59:59-12:00 i-1",
            b"99999-01-01T00:00:00+00:00 i-1",
            b"2026-11-24T12:00:00 i-1",
            b"2026-11-24T12:00:00+00:00",
            b"2026-11-24T12:00:00+00:00 i\0",
            b"-1",
            b"1e9",
            b"9" * 19,
            b"9" * 5000,
            "²".encode(),
            "٣".encode(),
        )
    ),
]
