"""The metrics of the console, beside those that every service has."""

from prometheus_client import Gauge

BEHIND = Gauge("forewarn_console_behind_seconds", "How long the oldest record has waited that is not in the read model yet.")
LIVE_STREAMS = Gauge("forewarn_console_live_streams", "Event streams that are open: visible tabs.")
