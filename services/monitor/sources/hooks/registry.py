"""Lists the kinds of hooks, one file each. Pure."""

from services.monitor.sources.hooks import alertmanager, grafana, mapped
from services.monitor.sources.hooks.model import HookKind
from services.monitor.sources.hooks.said import Kind

KINDS: dict[HookKind, Kind] = {
    "alertmanager": alertmanager.KIND,
    "grafana": grafana.KIND,
    "json": mapped.KIND,
}
