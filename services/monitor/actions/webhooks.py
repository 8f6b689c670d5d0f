"""Calls the webhooks of actions.yml: a POST signed as Standard Webhooks says. Redirects are not followed, and nothing is read for ever."""

import asyncio
import hmac
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import httpx2
import msgspec

from services.monitor import metrics
from services.monitor.actions.file import ActionsFile, Webhook
from services.monitor.risk.life import RiskRow
from services.monitor.settings import MonitorSettings
from shared.configuration import secret_rules
from shared.configuration.files import ConfigError

WITHIN = 10.0  # seconds for the connection, the call and its answer in all
LARGEST = 64 * 1024  # bytes of an answer that are read; a longer one settles nothing
MOST_SECRETS = 2
BODY = 20_000  # bytes of a call
EVIDENCE, SENTENCE = 50, 1000  # sentences of evidence in a body, and characters of each
ADDENDS = 50  # of a score, in a body
PREFIX = "whsec_"


@dataclass(frozen=True, slots=True)
class Target:
    """A webhook with its keys."""

    url: str
    keys: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Taken:
    """The webhook took the call. `settled`: it says that the trouble is over."""

    answer: str
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The webhook did not take the call, or may not have."""

    why: str


def opened(file: ActionsFile, settings: MonitorSettings) -> dict[str, Target]:
    """Returns the webhooks with their keys. Raises ConfigError with every secret that is missing, or none."""
    mistakes: list[str] = []
    found = {name: Target(hook.url, _keys(name, hook, settings, mistakes)) for name, hook in file.webhooks.items()}
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    for name in found:
        for outcome in metrics.CALL_OUTCOMES:
            metrics.WEBHOOK_CALLS.labels(name, outcome)
    return found


def _keys(name: str, hook: Webhook, settings: MonitorSettings, mistakes: list[str]) -> list[bytes]:
    """Returns the keys in a webhook's file, one a line; what is wrong with it becomes one of the mistakes."""
    try:
        held = secret_rules.read_file(f"webhook {name}", str(settings.hooks_folder / hook.secret))
        keys = [key_of(line.strip()) for line in held.splitlines() if line.strip()]
    except ValueError as error:
        mistakes.append(f"webhook {name}: the file {hook.secret}: {error}")
        return []
    if not 1 <= len(keys) <= MOST_SECRETS:
        mistakes.append(f"webhook {name}: the file {hook.secret} has {len(keys)} secrets; it holds one, or two while they are rotated")
    return keys


def key_of(secret: str) -> bytes:
    """Returns the key that a secret of Standard Webhooks writes. Raises ValueError when it writes none."""
    try:
        key = b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:
        key = b""
    if not secret.startswith(PREFIX) or not 24 <= len(key) <= 64:
        raise ValueError(f"a secret is {PREFIX} and the base64 of 24 to 64 random bytes")
    return key


def body_of(row: RiskRow, now: datetime) -> bytes:
    """Returns what a webhook is told of a risk: the same whenever it is told, but for the moment.

    Of a body that is too large the last sentences of evidence are left out, of many addends of a score the smallest; `truncated` says so.
    """
    evidence = [each[:SENTENCE] for each in row.evidence[:EVIDENCE]]
    while len(body := _body(row, evidence, now)) > BODY and evidence:
        evidence.pop()
    return body


def _body(row: RiskRow, evidence: Sequence[str], now: datetime) -> bytes:
    addends = row.contributions
    if len(addends) > ADDENDS:
        addends = dict(sorted(addends.items(), key=lambda each: -each[1])[:ADDENDS])
    told = {
        "risk_id": row.id,
        "customer_id": row.customer_id,
        "rule": row.rule,
        "title": row.title,
        "score": row.score,
        "contributions": addends,
        "evidence": evidence,
        "began_at": row.began_at,
        "raised_at": row.raised_at,
        "truncated": evidence != row.evidence or addends != row.contributions,
    }
    return msgspec.json.encode({"type": "risk.raised", "timestamp": now, "data": told})


def signed(keys: Sequence[bytes], id_: str, at: datetime, body: bytes) -> dict[str, str]:
    """Returns the headers of a call. The id is that of the risk, by which a repetition is known."""
    stamp = str(int(at.timestamp()))
    said = b".".join([id_.encode(), stamp.encode(), body])
    signatures = [f"v1,{b64encode(hmac.digest(key, said, 'sha256')).decode()}" for key in keys]
    given = {"webhook-id": id_, "webhook-timestamp": stamp, "webhook-signature": " ".join(signatures)}
    return {"content-type": "application/json", "user-agent": "Forewarn", **given}


class Caller:
    """Calls webhooks, each call on a connection that ends with it."""

    def __init__(self, targets: Mapping[str, Target], transport: httpx2.AsyncBaseTransport | None = None, within: float = WITHIN) -> None:
        self._targets, self._transport, self._within = targets, transport, within

    async def call(self, name: str, row: RiskRow, now: datetime) -> Taken | Refused:
        """Tells a webhook of a risk, and returns what it answers."""
        target = self._targets.get(name)
        if target is None:
            return Refused("actions.yml has no webhook of this name")
        body = body_of(row, now)
        try:
            async with asyncio.timeout(self._within):
                outcome = await self._post(target, body, signed(target.keys, f"risk_{row.id}", now, body))
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as error:
            outcome = Refused(f"no answer: {type(error).__name__}")
        metrics.WEBHOOK_CALLS.labels(name, "taken" if isinstance(outcome, Taken) else "refused").inc()
        return outcome

    async def _post(self, target: Target, body: bytes, headers: Mapping[str, str]) -> Taken | Refused:
        async with (
            httpx2.AsyncClient(transport=self._transport, follow_redirects=False, timeout=self._within) as client,
            client.stream("POST", target.url, content=body, headers=headers) as answer,
        ):
            status = f"HTTP {answer.status_code}"
            if not answer.is_success:
                return Refused(status)
            return Taken(status, settled=_settles(await _first(answer.aiter_bytes())))


async def _first(chunks: AsyncIterator[bytes]) -> bytes | None:
    """Returns an answer; None when it is longer than what is read of one."""
    held = bytearray()
    async for chunk in chunks:
        held += chunk
        if len(held) > LARGEST:
            return None
    return bytes(held)


def _settles(answer: bytes | None) -> bool:
    """Says whether the answer is an object whose `resolved` is true."""
    try:
        said = msgspec.json.decode(answer or b"")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return isinstance(said, dict) and said.get("resolved") is True
