"""Whatever bytes a file has, replaying it reads rows, refuses rows, or says in a sentence what is wrong; and it can be stopped at once."""

import gzip
import io
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from deploy.local.mappings.file import Mapping
from deploy.local.mappings.reading import LONGEST, Unreadable, opened, rows
from deploy.local.processes import Failed
from shared.configuration.files import ConfigError
from tests.unit.local.replaying import NOW, mapping

CASES = 100  # of each kind
EVERYTHING = """
    format: csv
    time: {from: "{at}", formats: [iso, unix, unix_ms, "%Y"]}
    events:
      - type: com.example.request
        when: {n: {is_not: 5}}
        once: "{at}"
        subject: "{s}"
        data:
          component: {from: "{p}", routes: {/: home}}
          cut: {from: "{p}", match: "^/(.*)$"}
          number: {from: "{n}", as: number}
          large: {from: "{n}", is: {above: 3}}
          yes: {from: "{p}", as: boolean}
          raw: "{p}"
""".replace("yes:", '"yes":')
LOG = (
    EVERYTHING.replace("{at}", "{time}")
    .replace("{s}", "{user}")
    .replace("{p}", "{path}")
    .replace("{n}", "{status}")
    .replace("{n:", "{status:")
)
TABLE = b"at,s,n,p\n" + b"2026-11-20,c-1,1,/x\n" * 200
DATES = ('"9999-12-31T23:59:59-23:59"', '"0001-01-01T00:00:00+14:00"')
NUMBERS = ("1", "-1", "1e999", "1e300", "-0.0", "NaN", "9" * 30, "9" * 5_000, '"1e300"', '"' + "9" * 5_000 + '"')
VALUES = [*DATES, *NUMBERS, "null", "true", "[]", "{}", '{"q":[1,{"z":2}]}', '"x"', '"\\ud800"', '"\\u0000"', "[" * 300 + "]" * 300]


def replayed(file: Path, of: Mapping) -> None:
    turning = of.turning()
    with suppress(Failed, OSError), opened(str(file), of.encoding) as inputs:
        for row in (row for each in inputs for row in rows(each, of, frozenset(turning.columns))):
            if not isinstance(row, Unreadable):
                turning.turn(row, NOW)


def json_lines(dice: random.Random) -> bytes:
    names = dice.sample(["at", "s", "n", "p", "file", "row", "a.b", ""], 6)
    return ("{" + ",".join(f'"{name}":{dice.choice(VALUES)}' for name in names) + "}\n").encode()


def nonsense(dice: random.Random) -> bytes:
    return bytes(dice.choice(b'at,snp"\n\r\0\xff\xfe 123:T-[]Z\xed\xa0') for _ in range(dice.randint(0, 80)))


def spoilt(whole: bytes, dice: random.Random) -> bytes:
    """Returns the file with a few bytes changed, most of them where it says what it is; and perhaps cut off."""
    held = bytearray(whole)
    for _ in range(dice.randint(1, 4)):
        at = dice.choice([dice.randrange(len(held)), dice.randrange(min(40, len(held))), -dice.randint(1, min(80, len(held)))])
        held[at] = dice.randrange(256)
    return bytes(held[: dice.choice([len(held), dice.randrange(len(held))])])


def zipped(method: int) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as packed:
        packed.writestr("x.csv", TABLE)
    return held.getvalue()


KINDS: dict[str, tuple[str, Callable[[random.Random], bytes]]] = {
    "JSON lines": (EVERYTHING.replace("csv", "json"), json_lines),
    "nonsense as JSON": (EVERYTHING.replace("csv", "json"), nonsense),
    "nonsense as a table": (EVERYTHING, lambda dice: b"at,s,n,p\n" + nonsense(dice)),
    "nonsense as an access log": (LOG.replace("csv", "access-log"), nonsense),
    "nonsense in UTF-16": (EVERYTHING.replace("csv", "csv\n    encoding: utf-16"), nonsense),
    "nonsense in UTF-7": (EVERYTHING.replace("csv", "csv\n    encoding: utf-7"), nonsense),
    "a spoilt gzip file": (EVERYTHING, partial(spoilt, gzip.compress(TABLE))),
    "a spoilt zip file": (EVERYTHING, partial(spoilt, zipped(zipfile.ZIP_STORED))),
    "a spoilt zip file, deflated": (EVERYTHING, partial(spoilt, zipped(zipfile.ZIP_DEFLATED))),
    "a spoilt zip file of bzip2": (EVERYTHING, partial(spoilt, zipped(zipfile.ZIP_BZIP2))),
    "a spoilt zip file of LZMA": (EVERYTHING, partial(spoilt, zipped(zipfile.ZIP_LZMA))),
}


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_the_bytes_there_are_rows_or_a_sentence(tmp_path: Path, kind: str) -> None:
    said, make = KINDS[kind]
    of, dice = mapping(tmp_path, said), random.Random(kind)
    for number in range(CASES):
        file = tmp_path / f"{number}.file"
        file.write_bytes(make(dice))
        replayed(file, of)


@pytest.mark.parametrize("encoding", ["idna", "punycode", "undefined", "rot13", "zlib", "hex", "no-such", "a\\0b"])
def test_an_encoding_that_is_none_of_text_is_a_mistake(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(ConfigError, match=r"is no encoding|may not stand here"):
        mapping(tmp_path, EVERYTHING.replace("csv", f'csv\n    encoding: "{encoding}"'))


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(Failed, match="is no file"), opened(str(path), "utf-8"):
            pass


def test_a_zip_with_a_password_is_refused(tmp_path: Path) -> None:
    held = bytearray(zipped(zipfile.ZIP_STORED))
    held[6] |= 1
    held[held.index(b"PK\1\2") + 8] |= 1
    (tmp_path / "x.zip").write_bytes(held)
    with pytest.raises(Failed, match="encrypted"), opened(str(tmp_path / "x.zip"), "utf-8"):
        pass


def test_replaying_long_lines_is_stopped_at_once(kafka: str, tmp_path: Path) -> None:
    file = tmp_path / "access.log.gz"
    file.write_bytes(gzip.compress(b"[" * (LONGEST - 1) + b"\n") * 3_000)  # some ms each: more than half a minute
    arguments = ("-m", "deploy.local.cli", "replay", str(file), "--mapping", "access-log", "--kafka", kafka)
    with subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            while _read_of(file, process.pid) < 100_000 and process.poll() is None:
                time.sleep(0.02)
            process.send_signal(signal.SIGTERM)
            said, complained = process.communicate(timeout=10)
        finally:
            process.kill()
    assert (process.returncode, "Traceback" in complained) == (128 + signal.SIGTERM, False), complained
    assert "refused" in said


def _read_of(file: Path, pid: int) -> int:
    """Returns how many bytes of the file the process has read."""
    with suppress(OSError):  # files come and go while we look
        for number in os.listdir(f"/proc/{pid}/fd"):
            if os.readlink(f"/proc/{pid}/fd/{number}") == str(file):
                return int(Path(f"/proc/{pid}/fdinfo/{number}").read_text().split()[1])
    return 0
