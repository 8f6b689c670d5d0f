"""Reads the committed example messages of every released version: tests read them all, the page shows the first of each fact."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "tests" / "contract" / "corpus"


@dataclass(frozen=True)
class Example:
    """Is one message: `said` is its value as JSON, None when it has none."""

    version: str
    name: str  # the fact, without forewarn. and the version
    about: str
    key: str
    texts: dict[str, str]  # its headers
    said: Any

    @property
    def value(self) -> bytes | None:
        return None if self.said is None else json.dumps(self.said, ensure_ascii=False).encode()

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        return [(name, text.encode()) for name, text in self.texts.items()]

    def __str__(self) -> str:
        return f"{self.version}/{self.name}: {self.about}"


def examples(version: str = "*") -> Iterator[Example]:
    for path in sorted(FOLDER.glob(f"{version}/*.json")):
        for message in json.loads(path.read_text()):
            yield Example(path.parent.name, path.stem, message["about"], message["key"], message["headers"], message["value"])
