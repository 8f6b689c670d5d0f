"""The state of the day: what one step leaves for the next, and who is in it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.compose.day.handbook import Handbook
from tests.compose.day.upstream import Upstream
from tests.compose.running import Running
from tests.e2e.shop import Shop

RUN = "docker compose run --rm forewarn"
WHO = "c-1"
NAME, ADDRESS = "Rosalind Quillfeather", "rosalind@quillfeather.example"
ASKED, ANSWERED, BROKEN = "my marmalade sandwich", "Have you tried the teapot?", "zanzibar at dawn"

Found = dict[str, Any]


@dataclass
class Day:
    """The values that one step leaves for the next."""

    folder: Path
    upstream: Upstream
    shop: Shop
    operator: Handbook
    stack: Running
    tokens: dict[str, str] = field(default_factory=dict)
    erased_at: float = 0.0
    before: Found = field(default_factory=dict)
