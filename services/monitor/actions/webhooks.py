"""Calls the webhooks of actions.yml: a POST signed as Standard Webhooks says. Redirects are not followed, and nothing is read for ever."""

from collections.abc import Mapping, Sequence
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
from shared.webhooks.calling import Answer, NoAnswer, post
from shared.webhooks.signing import key_of, signed

WITHIN = 10.0  # seconds for the connection, the call and its answer in all
MOST_SECRETS = 2
BODY = 20_000  # bytes of a call
EVIDENCE, SENTENCE = 50, 1000  # sentences of evidence in a body, and characters of each
ADDENDS = 50  # of a score, in a body


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
        headers = signed(target.keys, f"risk_{row.id}", now, body)
        async with httpx2.AsyncClient(transport=self._transport) as client:
            outcome = _outcome(await post(client, target.url, body, headers, self._within))
        metrics.WEBHOOK_CALLS.labels(name, "taken" if isinstance(outcome, Taken) else "refused").inc()
        return outcome


def _outcome(said: Answer | NoAnswer) -> Taken | Refused:
    if isinstance(said, NoAnswer):
        return Refused(f"no answer: {said.why}")
    status = f"HTTP {said.status}"
    return Taken(status, settled=_settles(said.body)) if said.taken else Refused(status)


def _settles(answer: bytes | None) -> bool:
    """Says whether the answer is an object whose `resolved` is true."""
    try:
        said = msgspec.json.decode(answer or b"")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return isinstance(said, dict) and said.get("resolved") is True
