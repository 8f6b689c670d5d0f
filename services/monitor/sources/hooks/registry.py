"""Lists the kinds of hooks, one file each. Pure."""

from services.monitor.sources.hooks import alertmanager, datadog, grafana, mapped, pagerduty, segment, sentry, stripe
from services.monitor.sources.hooks.model import HookKind
from services.monitor.sources.hooks.said import Kind

KINDS: dict[HookKind, Kind] = {
    "alertmanager": alertmanager.KIND,
    "datadog": datadog.KIND,
    "grafana": grafana.KIND,
    "json": mapped.KIND,
    "pagerduty": pagerduty.KIND,
    "segment": segment.KIND,
    "sentry": sentry.KIND,
    "stripe": stripe.KIND,
}
