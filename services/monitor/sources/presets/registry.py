"""Lists the formats of sources.yml: a line each."""

from services.monitor.sources.presets import debezium, outbox, segment
from services.monitor.sources.presets.preset import Preset

PRESETS: dict[str, Preset] = {
    "json": Preset(),
    "debezium": debezium.PRESET,
    "debezium-outbox": outbox.PRESET,
    "segment": segment.PRESET,
}
