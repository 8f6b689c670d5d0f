"""Checks and compiles templates in a child process with bounds: what an operator wrote can take no more than its time and memory.

The child has an empty environment (no secrets), writes no files, and is killed by the system when it exceeds a bound.
"""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from services.notifier.wording.checking import Checked, check
from services.notifier.wording.forms import Form

SECONDS = 1.0  # of one template, to compile it and to fill it in twice
MEMORY = 256_000_000  # octets of address space
START = 20.0  # seconds for the child to start, on a machine that is busy
READY = "ready"


class Broken(Exception):
    """The child process could not start, so nothing is known of any template."""


def checked(jobs: Sequence[tuple[str, Form, str, Mapping[str, str]]]) -> list[Checked]:
    """Returns what became of each template (name, form, text, parts), in their order. Raises Broken."""
    done: list[Checked] = []
    while len(done) < len(jobs):
        got, ended = _in_child(jobs[len(done) :])
        done += got
        if not ended:
            done.append(Checked(places=((1, f"it takes more than {SECONDS:g} s or {MEMORY // 1_000_000} MB to compile and fill in"),)))
    return done


def _in_child(jobs: Sequence[tuple[str, Form, str, Mapping[str, str]]]) -> tuple[list[Checked], bool]:
    """Returns what the child said of the first of them, and whether it came to the last one."""
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ran = subprocess.run(  # noqa: S603  our own module
            [sys.executable, "-P", "-m", __spec__.name if __spec__ else __name__],
            input=json.dumps(jobs).encode(),
            capture_output=True,
            env=environment,
            timeout=START + SECONDS * len(jobs),
            check=False,
        )
        said = ran.stdout.decode().splitlines()
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Broken(f"templates cannot be checked: {type(error).__name__}") from None
    if not said or said[0] != READY:
        raise Broken(f"templates cannot be checked: {ran.stderr.decode(errors='replace').strip().rpartition(chr(10))[2]}")
    got = [_read(line) for line in said[1:] if line.endswith("}")]
    return got, len(got) == len(jobs)


def _read(line: str) -> Checked:
    said: dict[str, Any] = json.loads(line)
    return Checked(said["page"], tuple((int(at), str(what)) for at, what in said["places"]))


# ── in the child ─────────────────────────────────────────────────────────────────────────────


def confine(seconds: float = SECONDS, memory: int = MEMORY) -> None:
    """Bounds this process for good: so much address space, no file, no core; and for the next `seconds`, after which it is killed."""
    if sys.platform == "linux":  # elsewhere the system does not keep to it
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.setitimer(signal.ITIMER_REAL, seconds)


def main() -> None:
    """Reads templates from standard input, and writes a line about each."""
    jobs = json.load(sys.stdin)
    print(READY, flush=True)  # noqa: T201  the parent reads it
    for name, form, text, parts in jobs:
        confine()
        found = check(name, Form(form), text, parts)
        print(json.dumps({"page": found.page, "places": found.places}), flush=True)  # noqa: T201
        signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    main()
