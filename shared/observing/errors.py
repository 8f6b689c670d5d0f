"""Describes errors for the log: class, place, and of the text only what is about servers and files, never a row's values.

The text of an error may quote what a customer wrote: Postgres quotes the row, pydantic and int() the input, a mail server the
address. So a text is written only where its kind is known to quote nothing; of every other error the place tells the rest.
"""

import re
import ssl
import traceback
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import msgspec
from aiokafka.errors import KafkaError
from pydantic import ValidationError

FRAMES = 8  # of a traceback, the innermost ones
CAUSES = 4  # of a chain or of a group
TOLD = 300  # characters of a text

# These SQLSTATE classes (https://www.postgresql.org/docs/18/errcodes-appendix.html) have messages about the server, the session or the
# schema. Not among them: 22 and 23, which quote values, and P0, whose message a function makes up.
ABOUT_THE_SERVER = frozenset({"08", "25", "28", "3D", "40", "42", "53", "54", "55", "57", "58"})
OURS = ("shared.", "services.", "deploy.")  # their texts name fields and places
QUOTES_NOTHING = (OSError, KafkaError, asyncpg.InterfaceError, asyncpg.InternalClientError)

_field = re.compile(r"[A-Za-z_]\w{0,39}", re.ASCII)


def described(error: BaseException) -> str:
    """Describes one error in one sentence, its class first."""
    told = _told(error)
    return f"{type(error).__name__}: {told[:TOLD]}" if told else type(error).__name__


def traced(error: BaseException) -> str:
    """Describes the error, where it was raised (innermost frame first), and the errors that it comes from or is made of."""
    places = " < ".join(_places(error))
    said = f"{described(error)} at {places}" if places else described(error)
    for word, others in (("made of", _parts(error)), ("caused by", _causes(error))):
        said += "".join(f", {word} {described(other)} at {' < '.join(_places(other)[:3])}" for other in others)
    return said


def _told(error: BaseException) -> str:
    """Returns the part of its text that may be logged; nothing when it is of no kind that is known."""
    told = ""
    match error:
        case ssl.SSLCertVerificationError():
            told = error.verify_message
        case asyncpg.PostgresError():
            told = _of_postgres(error)
        case ValidationError():
            told = _of_pydantic(error)
        case msgspec.ValidationError():
            told = str(error).rpartition(" - ")[2] if " - at `$" in str(error) else ""
        case BaseExceptionGroup():
            told = f"{len(error.exceptions)} errors"
        case _ if isinstance(code := getattr(error, "code", None), int):  # a mail server's answer
            told = str(code)
        case _ if _quotes_nothing(error):
            told = str(error)
    return told


def _quotes_nothing(error: BaseException) -> bool:
    ours = type(error).__module__.startswith(OURS)
    return ours or (isinstance(error, QUOTES_NOTHING) and not isinstance(error, ValueError))  # asyncpg's may quote an argument


def _of_postgres(error: asyncpg.PostgresError) -> str:
    state = str(error.sqlstate)
    where = [f"{what} {name}" for what in ("constraint", "table", "column") if (name := getattr(error, f"{what}_name", None))]
    message = [str(error).partition("\n")[0]] if state[:2] in ABOUT_THE_SERVER else []  # DETAIL and HINT are lines of their own
    return ", ".join([f"SQLSTATE {state}", *where, *message])


def _of_pydantic(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(_step, each['loc']))} {each['type']}" for each in found[:CAUSES]) + ("; …" if found[CAUSES:] else "")


def _step(step: int | str) -> str:
    """Returns the step as it may be logged: a key that is no name of a field is data."""
    return str(step) if isinstance(step, int) or _field.fullmatch(step) else "…"


def _places(error: BaseException) -> list[str]:
    frames = [(frame.f_code, line) for frame, line in traceback.walk_tb(error.__traceback__)][-FRAMES:]
    return [f"{'/'.join(Path(code.co_filename).parts[-2:])}:{line} {code.co_name}" for code, line in reversed(frames)]


def _parts(error: BaseException) -> tuple[BaseException, ...]:
    return error.exceptions[:CAUSES] if isinstance(error, BaseExceptionGroup) else ()


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yields what the error was raised from, and what that was raised from."""
    for _ in range(CAUSES):
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if cause is None:
            return
        yield cause
        error = cause
