"""The tests of replaying share mappings as users write them, the fixture, and the reading of a topic."""

import json
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

from deploy.local.mappings.file import Mapping
from deploy.local.mappings.reading import Row, Unreadable, opened, rows
from shared.configuration.files import load
from shared.mapping.turning import Ready, Refused

SERVICENOW = Path(__file__).parent.parent.parent / "fixtures" / "servicenow" / "incident_event_log.csv"
NOW = datetime(2026, 11, 25, tzinfo=UTC)

PLAIN = """
    format: csv
    time: {from: "{at}"}
    events:
      - type: com.example.request
        data: {component: "{part}"}
"""


def mapping(folder: Path, text: str = PLAIN) -> Mapping:
    """Returns the mapping that this YAML says."""
    file = folder / "mapping.yml"
    file.write_text(dedent(text))
    return load(file, Mapping)


def read(file: Path | str, mapping: Mapping) -> list[Row | Unreadable]:
    """Returns all rows of a file."""
    with opened(str(file), mapping.encoding) as inputs:
        return [row for each in inputs for row in rows(each, mapping, frozenset())]


def turn(mapping: Mapping, *given: Row) -> list[dict[str, Any] | Refused]:
    """Returns the events that rows become, decoded, and what was refused."""
    turning = mapping.turning()
    own = {"file": "log.csv", "stem": "log"}
    results = [each for number, row in enumerate(given, 1) for each in turning.turn({**own, "row": str(number), **row}, NOW)]
    return [json.loads(each.value) if isinstance(each, Ready) else each for each in results]
