"""A record is one line of the log, whoever wrote it and whatever stands in it, and no line holds what a customer said or a row held."""

import ast
import asyncio
import gc
import io
import logging
import ssl
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import aiosmtplib
import asyncpg
import msgspec
import pytest
from aiokafka.errors import KafkaConnectionError
from pydantic import BaseModel

from shared.cloudevents import Reason, Undecodable
from shared.connecting.brokers import Unreachable
from shared.observing.errors import described
from shared.observing.logs import FORMAT, LONGEST, OneLine, Summing
from tests.conftest import connect
from tests.hostile.terminals import HOSTILE, unseen

ROOT = Path(__file__).parent.parent.parent.parent
CANARY = "Ada Lovelace, ada@canary.example"
EACH = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)


class Log:
    """A logger of its own, as a process has it."""

    def __init__(self, name: str = "test") -> None:
        self._stream = io.StringIO()
        handler = Summing(self._stream)
        handler.setFormatter(OneLine(FORMAT))
        self.logger = logging.Logger(name, logging.DEBUG)
        self.logger.addHandler(handler)

    def lines(self) -> list[str]:
        return self._stream.getvalue().removesuffix("\n").split("\n")

    def line(self) -> str:
        [line] = self.lines()
        return line


@pytest.fixture
def log() -> Log:
    return Log()


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    """Returns the error with the traceback of having been raised."""
    try:
        raise error from cause
    except BaseException as caught:  # noqa: BLE001
        return caught


# ── one line, that can be seen ───────────────────────────────────────────────────────────────


@EACH
@pytest.mark.parametrize(
    "say",
    [
        lambda log, text: log.warning(text.replace("%", "%%")),
        lambda log, text: log.info("said %s", text),
        lambda log, text: log.error("said %r", text),
        lambda log, text: log.error("said %(it)s", {"it": text}),
        lambda log, text: log.error("said %s", OSError(text)),
        lambda log, text: log.error(OSError(text)),
        lambda log, text: log.error("raised", exc_info=raised(OSError(text), OSError(text))),
        lambda log, text: log.error("raised", exc_info=raised(ExceptionGroup(text, [OSError(text), KeyError(text)]))),
        lambda log, text: log.error(
            "raised", exc_info=raised(type(text.replace("\0", "").encode("utf-8", "replace").decode(), (OSError,), {})())
        ),
        lambda log, text: log.warning("a stack", stack_info=True, extra={"what": text}),
    ],
    ids=["message", "argument", "repr", "named", "error", "only an error", "traceback", "group", "class", "stack and extra"],
)
def test_a_record_is_one_line_that_can_be_seen_and_ends(log: Log, say: Callable[[logging.Logger, str], None], text: str) -> None:
    say(log.logger, text)
    assert not unseen(log.line())
    assert len(log.line()) <= 10 * LONGEST


@EACH
def test_a_loggers_name_is_no_exception(text: str) -> None:
    log = Log(text)
    log.logger.error("x")
    assert not unseen(log.line())


def test_what_can_be_seen_is_written_as_it_is(log: Log) -> None:
    log.logger.info("Störung in %s: 支払い 👍", "checkout")
    assert log.line().endswith(" INFO test Störung in checkout: 支払い 👍")


def test_a_line_that_cannot_be_written_is_named_by_its_place(log: Log) -> None:
    class Unwritable:
        def __str__(self) -> str:
            raise RuntimeError(CANARY)

    for level in (logging.INFO, logging.ERROR):
        log.logger.log(level, "%d rows", CANARY)
        log.logger.log(level, "%s rows", Unwritable())
    assert [line.split(" a line of test_log_lines:")[0] for line in log.lines()] == ["INFO test"] * 2 + ["ERROR test"] * 2
    assert not any("Ada" in line for line in log.lines())


SPEAKS = """
import asyncio, logging, sys, warnings
from shared.observing import logs
text = "\\x1b[31m\\u202e\\nforged \\u2028"
logs.configure()
for name in ("uvicorn.error", "asyncio", "faststream", "asyncpg", "aiokafka.conn"):
    logging.getLogger(name).error("%s", text)
    logging.getLogger(name).error("raised", exc_info=ValueError(text))
warnings.warn(text, stacklevel=1)
raise KeyError(text) from OSError(text)
"""


def test_libraries_warnings_and_what_ends_a_process_are_lines_like_all_others() -> None:
    said = subprocess.run([sys.executable, "-c", SPEAKS], capture_output=True, cwd=ROOT, timeout=60, check=False)
    lines = said.stderr.decode().removesuffix("\n").split("\n")
    assert said.returncode == 1
    assert len(lines) == 12, lines
    assert "py.warnings" in lines[-2]
    assert " CRITICAL shared.observing.logs the process ends; Traceback: KeyError at <string>:" in lines[-1]
    assert not any(unseen(line) for line in lines)


ASKS = """
import httpx2
from shared.observing import logs
logs.configure()
httpx2.Client(transport=httpx2.MockTransport(lambda _: httpx2.Response(200))).get("http://notifier:8002/v1/customers/ada")
"""


def test_what_a_service_asks_another_is_not_logged_since_customers_stand_in_addresses() -> None:
    said = subprocess.run([sys.executable, "-c", ASKS], capture_output=True, cwd=ROOT, timeout=60, check=True)
    assert said.stderr == b""


# ── no values ────────────────────────────────────────────────────────────────────────────────


TABLE = """CREATE TEMPORARY TABLE people (
    address text CONSTRAINT people_pkey PRIMARY KEY, name text NOT NULL, age smallint CONSTRAINT adult CHECK (age > 17), at timestamptz,
    friend text CONSTRAINT friendship REFERENCES people, code varchar(3), EXCLUDE (code WITH =))"""


@pytest.mark.parametrize(
    ("statement", "values", "told"),
    [
        ("INSERT INTO people VALUES ($1, $2), ($1, $2)", [CANARY, "x"], "UniqueViolationError: SQLSTATE 23505, constraint people_pkey"),
        ("INSERT INTO people VALUES ($1)", [CANARY], "NotNullViolationError: SQLSTATE 23502, table people, column name"),
        ("INSERT INTO people VALUES ($1, $1, 3)", [CANARY], "CheckViolationError: SQLSTATE 23514, constraint adult"),
        ("INSERT INTO people (at) VALUES ($1::text::timestamptz)", [CANARY], "InvalidDatetimeFormatError: SQLSTATE 22007"),
        ("SELECT $1::text::int", [CANARY], "InvalidTextRepresentationError: SQLSTATE 22P02"),
        ("SELECT $1::text::json", [CANARY], "InvalidTextRepresentationError: SQLSTATE 22P02"),
        ("SELECT $1::int", [CANARY], "DataError"),
        (
            "INSERT INTO people (address, name, friend) VALUES ($1, $1, $1 || 'x')",
            [CANARY],
            "ForeignKeyViolationError: SQLSTATE 23503, constraint friendship",
        ),
        (
            "INSERT INTO people (address, name, code) VALUES ('x', 'x', 'Ada'), ('y', 'y', 'Ada')",
            [],
            "ExclusionViolationError: SQLSTATE 23P01",
        ),
        ("INSERT INTO people (address, name, code) VALUES ('x', 'x', $1)", [CANARY], "StringDataRightTruncationError: SQLSTATE 22001"),
        ("SELECT ($1::text || '99999999999')::numeric::int", ["1"], "NumericValueOutOfRangeError: SQLSTATE 22003"),
        ("SELECT to_date($1, 'YYYY-MM-DD')", [CANARY], "InvalidDatetimeFormatError: SQLSTATE 22007"),
        ("SELECT ('{' || $1::text)::jsonb", [CANARY], "InvalidTextRepresentationError: SQLSTATE 22P02"),
        ("SELECT convert_from(convert_to($1, 'UTF8') || '\\xff', 'UTF8')", [CANARY], "CharacterNotInRepertoireError: SQLSTATE 22021"),
        ("SELECT decode($1, 'hex')", [CANARY], "InvalidParameterValueError: SQLSTATE 22023"),
        ("DO $$ BEGIN ASSERT false, 'Ada Lovelace'; END $$", [], "AssertError: SQLSTATE P0004"),
        ("DO $$ BEGIN RAISE EXCEPTION 'Ada Lovelace'; END $$", [], "RaiseError: SQLSTATE P0001"),
        ("SELECT * FROM nowhere", [], 'UndefinedTableError: SQLSTATE 42P01, relation "nowhere" does not exist'),
    ],
)
async def test_an_error_of_postgres_is_told_without_the_row(
    postgres: dict[str, str], log: Log, statement: str, values: list[str], told: str
) -> None:
    connection = await connect(postgres, postgres["database"])
    await connection.execute(TABLE)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)) as caught:
        await connection.execute(statement, *values)
    await connection.close()
    log.logger.error("it stopped (%s)", caught.value, exc_info=caught.value)
    assert f"it stopped ({told}" in log.line()
    assert "; Traceback: " in log.line()
    assert "Ada" not in log.line()


async def test_an_error_that_followed_one_of_postgres_is_told_without_the_row_too(postgres: dict[str, str], log: Log) -> None:
    """It is found as a cause, as a context, as a part of a group and of a group's cause."""
    connection = await connect(postgres, postgres["database"])
    await connection.execute(TABLE)
    row = "INSERT INTO people VALUES ($1, $1, 3)"
    for chained in (False, True):
        try:
            try:
                await connection.execute(row, CANARY)
            except asyncpg.PostgresError as error:
                if chained:
                    raise RuntimeError(CANARY) from ExceptionGroup(CANARY, [error, ValueError(CANARY)])
                raise KeyError(CANARY)  # noqa: B904  its context is what this is about
        except (RuntimeError, KeyError) as error:
            log.logger.error("it stopped: %s", error, exc_info=error)
            log.logger.error("parts", exc_info=ExceptionGroup(CANARY, [error]))
    await connection.close()
    lines = log.lines()
    assert "KeyError" in lines[0]
    assert "caused by CheckViolationError: SQLSTATE 23514, constraint adult, table people at " in lines[0].replace(", column age", "")
    assert "caused by ExceptionGroup: 2 errors" in lines[2]
    assert not any("Ada" in line or "Failing row" in line for line in lines)


def test_a_warning_is_told_by_its_place_unless_its_kind_quotes_code_alone(log: Log) -> None:
    warned = Log("py.warnings")
    for category in (UserWarning, DeprecationWarning):
        warned.logger.warning("%s", warnings.formatwarning(f"about {category.__name__} {CANARY}", category, "/app/x.py", 7, line=CANARY))
    assert warned.lines()[0].endswith(" WARNING py.warnings /app/x.py:7: UserWarning")
    assert "/app/x.py:7: DeprecationWarning: about DeprecationWarning" in warned.lines()[1]


class Person(BaseModel):
    address: UUID
    tags: dict[str, int]


def _invalid(of: Callable[[], object]) -> BaseException:
    try:
        of()
    except (ValueError, LookupError) as error:
        return error
    raise AssertionError("it should have raised")


def _untrusted(why: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {why} (_ssl.c:1006)")
    error.verify_message = why
    return error


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            _invalid(lambda: Person.model_validate({"address": CANARY, "tags": {CANARY: CANARY}})),
            "ValidationError: address uuid_parsing; tags.… int_parsing",
        ),
        (
            _invalid(lambda: msgspec.json.decode(b'{"a": "%s"}' % CANARY.encode(), type=dict[str, int])),
            "ValidationError: at `$[...]`",
        ),
        (_invalid(lambda: int(CANARY)), "ValueError"),
        (_invalid(lambda: dict[str, int]()[CANARY]), "KeyError"),
        (_invalid(lambda: f"{CANARY}ü".encode("ascii")), "UnicodeEncodeError"),
        (aiosmtplib.SMTPRecipientRefused(550, f"unknown: {CANARY}", CANARY), "SMTPRecipientRefused: 550"),
        (aiosmtplib.SMTPRecipientsRefused([aiosmtplib.SMTPRecipientRefused(550, CANARY, CANARY)]), "SMTPRecipientsRefused"),
        (aiosmtplib.SMTPConnectResponseError(421, f"too many from {CANARY}"), "SMTPConnectResponseError: 421"),
        (aiosmtplib.SMTPException(CANARY), "SMTPException"),
        (RuntimeError(CANARY), "RuntimeError"),
        (ConnectionRefusedError(111, "Connection refused"), "ConnectionRefusedError: [Errno 111] Connection refused"),
        (KafkaConnectionError("no broker at kafka:9092"), "KafkaConnectionError: KafkaConnectionError: no broker at kafka:9092"),
        (Unreachable("kafka:9094: it refuses the user 'me'"), "Unreachable: kafka:9094: it refuses the user 'me'"),
        (_untrusted("unable to get local issuer certificate"), "SSLCertVerificationError: unable to get local issuer certificate"),
        (Undecodable(Reason.WRONG_TYPE, "data.rows"), "Undecodable: wrong_type: data.rows"),
    ],
)
def test_an_error_is_told_by_its_class_and_what_it_quotes_of_nobody(error: BaseException, told: str) -> None:
    assert described(error).startswith(told)
    log = Log()
    log.logger.error("%s", error, exc_info=raised(error, RuntimeError(CANARY)))
    assert "caused by RuntimeError" in log.line()
    assert "Ada" not in log.line()
    assert "ada@" not in log.line()


def test_a_traceback_names_the_places_from_the_innermost_on(log: Log) -> None:
    def fails() -> None:
        raise KeyError("x")

    try:
        fails()
    except KeyError:
        log.logger.exception("handling raised")
    assert "handling raised; Traceback: KeyError at shared/test_log_lines.py:" in log.line()
    assert log.line().index(" fails < ") < log.line().index("test_a_traceback_names_the_places")


async def test_what_asyncio_says_of_a_task_that_nobody_waited_for_has_no_values(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log("asyncio")
    monkeypatch.setattr("asyncio.base_events.logger", log.logger)

    async def fails() -> None:
        raise ValueError(CANARY)

    task = asyncio.get_running_loop().create_task(fails())
    await asyncio.wait({task})
    del task
    gc.collect()
    assert "Task exception was never retrieved; Traceback: ValueError at " in log.line()
    assert "Ada" not in log.line()


def test_a_mail_address_in_any_text_loses_whose_it_is(log: Log) -> None:
    log.logger.info('550 <ada.lovelace@example.org>: unknown; try "b"@[10.0.0.1], kafka://user@host and a@' + "b@" * 5_000)
    assert "550 <…@example.org>: unknown" in log.line()
    assert "ada" not in log.line()


# ── how our own code logs ────────────────────────────────────────────────────────────────────


def log_calls() -> Iterator[tuple[str, ast.Call]]:
    for folder in ("shared", "services", "deploy"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                match node:
                    case ast.Call(func=ast.Attribute(value=ast.Name(id="log"))):
                        yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def test_errors_are_given_to_the_log_as_they_are_and_not_as_text() -> None:
    """What has become text cannot be told from words any more."""
    calls = list(log_calls())
    assert len(calls) > 40
    for place, call in calls:
        for arg in call.args:
            made = [node for node in ast.walk(arg) if isinstance(node, ast.Call) and ast.unparse(node.func) in ("str", "repr", "format")]
            assert not made, place
            assert not isinstance(arg, ast.JoinedStr), place
