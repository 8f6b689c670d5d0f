"""Connections come back to the pool as they were, without a reset: no statement of a service gives its session a state."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BESIDE = {"shared/postgres.py: SET search_path"}  # migrations have a connection of their own

# SET without LOCAL, LISTEN, cursors, temporary tables and prepared statements outlast their transaction, and so do most advisory locks.
_state = re.compile(
    r"""(?:["'`;]|\bEXECUTE |^--.*\n)\s*(SET (?!LOCAL\b)\w+|LISTEN \w+|DECLARE \w+|CREATE TEMP|PREPARE \w+)|(pg_(?:try_)?advisory_lock)""",
    re.MULTILINE,
)


def found_in(text: str) -> list[str]:
    return [first or second for first, second in _state.findall(text)]


def test_no_statement_gives_a_session_a_state() -> None:
    paths = [path for name in ("services", "shared") for end in ("py", "sql") for path in (ROOT / name).rglob(f"*.{end}")]
    queries = [path for path in paths if path.parent.name != "migrations"]
    assert len(queries) > 200
    found = {f"{path.relative_to(ROOT)}: {what}" for path in queries for what in found_in(path.read_text())}
    assert found - BESIDE == set()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('execute("SET search_path TO x")', ["SET search_path"]),
        ('execute("SET LOCAL lock_timeout = 1")', []),
        ("UPDATE due SET lease = NULL", []),
        ("-- name: hold\nDECLARE c CURSOR WITH HOLD FOR SELECT 1", ["DECLARE c"]),
        ("SELECT pg_advisory_lock(1)", ["pg_advisory_lock"]),
        ("SELECT pg_advisory_xact_lock(1)", []),
    ],
)
def test_what_outlasts_a_transaction_is_found(text: str, found: list[str]) -> None:
    assert found_in(text) == found
