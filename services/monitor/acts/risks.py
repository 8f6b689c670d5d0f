"""Risks are raised and cleared in their rows: what is to be done about them is due then. Whoever does it says so."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime

from services.monitor import metrics
from services.monitor.risk.finding import Reason
from services.monitor.risk.life import ActionStatus, RiskRow
from services.monitor.store import risks as store
from services.monitor.store.risks import NewRisk
from shared.postgres import Tx
from shared.timers import schedule

log = logging.getLogger(__name__)


async def raise_all(tx: Tx, new: Sequence[NewRisk], at: datetime) -> list[RiskRow]:
    """Raises risks; returns those that were not known."""
    rows = await store.raise_risks(tx, new, at)
    for row in rows:
        metrics.RISKS_RAISED.labels(row.rule).inc()
    if rows:
        log.info("%d risks raised by %s", len(rows), ", ".join(sorted({row.rule for row in rows})))
    await schedule(tx, store.ACT, {row.id: at for row in rows if row.action_status == ActionStatus.WAITING})
    return rows


async def clear_all(tx: Tx, gone: Mapping[str, Reason], at: datetime) -> list[RiskRow]:
    """Clears risks, each for its reason; returns those that were open."""
    rows = await store.clear_risks(tx, gone, at)
    for row in rows:
        metrics.RISKS_CLEARED.labels(row.rule, row.reason).inc()
    if rows:
        log.info("%d risks cleared: %s", len(rows), ", ".join(sorted({row.reason for row in rows if row.reason is not None})))
    return rows
