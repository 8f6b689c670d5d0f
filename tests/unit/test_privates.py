"""Tests use what is public: one that reaches into a private member fixes how something works instead of what it does."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
MEMORY = "how much monitor holds in memory has no public face"
LIBRARY = "a library has no public way to it"
OF_NAMED_TUPLES = {"_replace", "_asdict", "_fields", "_make"}  # public: the underscore keeps them apart from the tuple's own fields
ALLOWED = {
    "browser/conftest.py": LIBRARY,
    "contract/test_fetching.py": LIBRARY,
    "contract/test_unpacking.py": LIBRARY,
    "faults/scram.py": LIBRARY,
    "faults/test_secured.py": LIBRARY,
    "unit/deploy/test_series.py": LIBRARY,
    "unit/shared/test_brokers.py": LIBRARY,
    "flow/test_absurd_times.py": MEMORY,
    "flow/test_monitor_catches_up.py": MEMORY,
    "flow/test_monitor_strangers.py": MEMORY,
    "unit/monitor/test_backtest.py": MEMORY,
    "unit/monitor/test_batches.py": MEMORY,
    "unit/monitor/test_fold_properties.py": MEMORY,
    "unit/monitor/test_letting_go.py": MEMORY,
    "unit/monitor/test_seen.py": MEMORY,
    "unit/monitor/test_strangers.py": MEMORY,
}


def reached(path: Path) -> Iterator[str]:
    """Yields the private members that a file uses of others than itself."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and _is_private(node.attr):
            owner = node.value
            own = isinstance(owner, ast.Name) and owner.id in ("self", "cls")
            if not own and not (isinstance(owner, ast.Call) and isinstance(owner.func, ast.Name) and owner.func.id == "super"):
                yield f"{ast.unparse(node)} in line {node.lineno}"


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__") and name not in OF_NAMED_TUPLES


FILES = {str(path.relative_to(TESTS)): path for path in sorted(TESTS.rglob("*.py"))}


@pytest.mark.parametrize("name", [name for name in FILES if name not in ALLOWED])
def test_a_test_reaches_into_nothing_private(name: str) -> None:
    assert list(reached(FILES[name])) == []


@pytest.mark.parametrize("name", ALLOWED)
def test_what_may_do_so_does(name: str) -> None:
    assert list(reached(FILES[name])), f"take {name} off the list"
