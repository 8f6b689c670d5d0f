"""The tests of hooks share a hook as operators write it, and requests as other systems send them."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.monitor.sources.hooks.model import Hook
from services.monitor.sources.hooks.opened import Made, OpenHook
from services.monitor.sources.hooks.said import Said
from shared.mapping.turning import Refused

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
SECRET = "s3cr3t-of-the-hook-0123"
BEFORE = "s3cr3t-before-it-98765"


def hook(kind: str, *secrets: str, **keys: Any) -> OpenHook:
    """Returns an open hook of this kind, called like it."""
    return OpenHook(Hook.model_validate({"name": kind, "kind": kind, "secret": kind, **keys}), secrets or (SECRET,))


def bearer(secret: str = SECRET) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


def signed(raw: bytes, secret: str = SECRET, algorithm: str = "sha256") -> str:
    """Returns the HMAC in hexadecimal, made without the code that is tested."""
    return hmac.new(secret.encode(), raw, getattr(hashlib, algorithm)).hexdigest()


def as_bytes(said: Any) -> bytes:
    return said if isinstance(said, bytes) else json.dumps(said).encode()


@dataclass(frozen=True)
class Answer:
    """Is what became of a request: the events as Kafka gets them, and the rest as it is."""

    events: list[dict[str, Any]]
    keys: list[str]
    left_out: dict[str, int]
    refused: list[Refused]
    said: Said

    @property
    def ids(self) -> list[str]:
        return [each["id"] for each in self.events]

    @property
    def data(self) -> dict[str, Any]:
        [one] = self.events
        data: dict[str, Any] = one["data"]
        return data


def told(by: OpenHook, body: Any, headers: Mapping[str, str] | None = None, now: datetime = NOW) -> Answer:
    """Returns what becomes of a body whose signature was right."""
    said = by.read(headers or {}, as_bytes(body), now)
    made: Made = by.made(said, now)
    events = [json.loads(each.value) for each in made.ready]
    return Answer(events, [each.key.decode() for each in made.ready], dict(made.left_out), made.refused, said)
