"""Every test in here needs Docker, and gets a site of its own on servers they share."""

from pathlib import Path

import pytest

from tests.containers import Kafka, Postgres, kafka, postgres_server
from tests.faults.site import Site

__all__ = ["kafka", "postgres_server"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.docker)


@pytest.fixture
async def site(kafka: Kafka, postgres_server: Postgres, tmp_path: Path) -> Site:
    place = Site(kafka, postgres_server, tmp_path)
    await place.prepare()
    return place
