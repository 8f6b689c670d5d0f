"""The metrics of the console, beside those that every service has: the measures of each period, open pages, and how far it is behind."""

from collections.abc import Mapping
from functools import partial

from prometheus_client import Counter, Gauge

from services.console.measures.registry import MEASURES, PERIODS
from services.console.store import letters, measures
from shared.observing.measuring import UNKNOWN, Figures
from shared.postgres import Database

SIGNED_IN = Counter("forewarn_console_sign_ins_total", "People who signed in, by how.", ["via"])
SIGN_INS_FAILED = Counter("forewarn_console_failed_sign_ins_total", "Tries to sign in that failed, by why.", ["why"])
CROSSING = Counter("forewarn_console_foreign_forms_total", "Forms refused because another site may have sent them.")
HEADERS_IGNORED = Counter(
    "forewarn_console_ignored_headers_total", "Headers that name a person, from elsewhere than the listed proxies, or twice in one request."
)

BEHIND = Gauge("forewarn_console_behind_seconds", "How long the oldest record has waited that is not in the read model yet.")
LIVE_STREAMS = Gauge("forewarn_console_live_streams", "Event streams that are open: visible tabs.")

for _via in ("password", "link", "provider"):
    SIGNED_IN.labels(_via)
for _why in ("password", "throttled", "link", "provider"):
    SIGN_INS_FAILED.labels(_why)

MEASURED: Mapping[str, Gauge] = {
    each.name: Gauge(each.series, f"{each.sentence} Opened in the last period; NaN: nothing to count, or unknown.", ["period"])
    for each in MEASURES
}
MEASURED_AT = Gauge("forewarn_console_measured_timestamp_seconds", "When the measures of a period were counted; NaN: unknown.", ["period"])
WAITING_LETTERS = Gauge("forewarn_console_dead_letters_waiting", "Dead letters that nobody has sent back, as last read.", ["topic"])

_GAUGES = [gauge.labels(period) for gauge in (*MEASURED.values(), MEASURED_AT) for period in PERIODS]


def measured(database: Database) -> Figures:
    """Returns the measurement that shows the figures which the timer keeps."""
    return Figures("measures", partial(_show, database), _GAUGES)


async def _show(database: Database) -> None:
    async with database.connection() as tx:
        kept = await measures.kept(tx)
        waiting = await letters.waiting(tx)
    for row in waiting:
        WAITING_LETTERS.labels(row["topic"]).set(row["waiting"])
    for period in PERIODS:
        counted = kept.get(period)
        MEASURED_AT.labels(period).set(counted.at.timestamp() if counted else UNKNOWN)
        for name, gauge in MEASURED.items():
            figure = counted.figures.get(name) if counted else None
            gauge.labels(period).set(UNKNOWN if figure is None else figure)
