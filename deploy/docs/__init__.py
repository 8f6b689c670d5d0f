"""Makes documents from the code: the contracts (JSON Schemas, AsyncAPI, a page to read), the reference of the configuration, the measures.

`make docs` writes them; a test makes them again and compares, so that they never drift from the code.
"""

import json
from pathlib import Path
from typing import Any

from deploy.docs import configuration, measures
from deploy.docs.asyncapi import document
from deploy.docs.page import page
from deploy.docs.schemas import schemas

FOLDER = Path(__file__).parents[2] / "docs"


def documents() -> dict[Path, str]:
    """Returns what each generated file holds."""
    return {
        **{FOLDER / "schemas" / name: as_json(schema) for name, schema in schemas().items()},
        FOLDER / "asyncapi.json": as_json(document()),
        FOLDER / "events.md": page(),
        FOLDER / "configuration.md": configuration.page(),
        FOLDER / "measures.md": measures.page(),
    }


def as_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
