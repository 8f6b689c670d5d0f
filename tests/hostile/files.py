"""Hostile files for the command line: configuration and recordings. `python -m tests.hostile.files SEED COUNT` tries them."""

import gzip
import json
import random
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from typer.testing import CliRunner

from deploy import topics
from deploy.local.check import FILES, SELDOM
from deploy.local.cli import app
from deploy.local.processes import ROOT
from tests.hostile.records import VALUES
from tests.hostile.terminals import unseen
from tests.hostile.texts import text

SHIPPED = ROOT / "deploy" / "config"
LONGEST = 30  # seconds a command may take for one small file


def bomb(dice: random.Random) -> bytes:
    """Returns anchors that refer to anchors: nine levels of nine are a billion."""
    levels = dice.choice((3, 9, 30))
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(lines).encode()


def nested(dice: random.Random) -> bytes:
    depth = dice.choice((100, 1_000, 5_000))
    return dice.choice(
        (b"a: " + b"[" * depth + b"]" * depth, b"\n".join(b" " * n + b"a:" for n in range(min(depth, 1_000))), b"- " * depth)
    )


def mutated(dice: random.Random) -> bytes:
    """Returns a shipped file with a line of it replaced, doubled or pushed aside."""
    lines = _shipped(dice.choice(sorted(FILES))).read_text().splitlines()
    at = dice.randrange(len(lines))
    lines[at : at + 1] = dice.choice(([text(dice)], [lines[at]] * 2, ["\t" + lines[at]], [lines[at] + ": " + text(dice)], []))
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _shipped(name: str) -> Path:
    return topics.FILE if name in SELDOM else SHIPPED / name


def said(dice: random.Random) -> bytes:
    return (text(dice) + ": " + text(dice)).encode("utf-8", "surrogatepass")


def noise(dice: random.Random) -> bytes:
    return dice.choice(VALUES)(dice)


KINDS: tuple[Callable[[random.Random], bytes], ...] = (bomb, nested, mutated, mutated, said, noise)


def checked(dice: random.Random, folder: Path) -> list[str]:
    """Runs `forewarn check-config` on a folder with such a file."""
    for name in FILES:
        (folder / name).write_bytes(_shipped(name).read_bytes())
    (folder / dice.choice(sorted(FILES))).write_bytes(dice.choice(KINDS)(dice))
    return ["check-config", str(folder)]


def replayed(dice: random.Random, folder: Path) -> list[str]:
    """Runs `forewarn replay` of such a file as a recording, or as a mapping."""
    recording, mapping = folder / f"recording{dice.choice(('.csv', '.jsonl', '.json', '.log', '.gz', '.zip'))}", folder / "mapping.yml"
    content = dice.choice(KINDS)(dice)
    recording.write_bytes(gzip.compress(content) if recording.suffix == ".gz" and dice.random() < 0.7 else content)
    mapping.write_bytes(dice.choice(KINDS)(dice))
    named = dice.choice(("access-log", "servicenow", "cloudwatch", str(mapping)))
    return ["replay", str(recording), "--mapping", named]


def tried(dice: random.Random) -> str:
    """Returns one command on one file: what it ended with, or what it must never end with."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = dice.choice((checked, replayed))(dice, Path(folder))
        signal.alarm(LONGEST)  # ends the process, and with it everything: as a stuck command would
        result = CliRunner().invoke(app, arguments)
        signal.alarm(0)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        traceback.print_exception(result.exception, file=sys.stderr)
        return f"uncaught {type(result.exception).__name__}"
    if unseen(result.output, keep="\n\t"):
        print(f"{arguments}: {ascii(result.output)[:500]}", file=sys.stderr)
        return "raw characters"
    return f"exit {result.exit_code}"


def main(seed: int, count: int) -> None:
    """Prints what the commands ended with, as JSON: ending → how many."""
    dice = random.Random(seed)
    print(json.dumps(Counter(tried(dice) for _ in range(count))))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
