"""Reads calls of Segment's spec, which RudderStack writes as well: track, identify, page, screen, group and alias. Pure.

Traits and context hold names, addresses and IPs: an event has none of them, unless a mapping asks for some.
https://segment.com/docs/connections/spec/common/
https://www.rudderstack.com/docs/event-spec/standard-events/common-fields/
"""

from datetime import UTC, datetime
from typing import Any

from services.monitor.sources.presets.preset import Computed, Preset
from shared.mapping.model import Emitted

CALLS = ("track", "identify", "page", "screen", "group", "alias")
TIMES = ("timestamp", "originalTimestamp", "sentAt", "receivedAt")

_SAID = ("event", "name", "properties", "groupId", "previousId", "anonymousId")


def moment(timestamp: Any, original: Any, sent: Any, received: Any) -> datetime | None:
    """Returns when a call was made. Raises ValueError for what is no time.

    `timestamp` is it. Where it is missing, it is worked out as Segment does: the device's clock is wrong by what lies between its
    `sentAt` and the server's `receivedAt`.
    """
    if timestamp is not None:
        return _time(timestamp)
    if original is None:
        return None if received is None else _time(received)
    if sent is None or received is None:
        return _time(original)
    return _time(received) - (_time(sent) - _time(original))


def _time(said: Any) -> datetime:
    if not isinstance(said, str):
        raise ValueError("not a time in ISO 8601")
    at = datetime.fromisoformat(said)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _event(call: str) -> Emitted:
    said: dict[str, object] = {
        "type": f"com.segment.{call}",
        "when": {"type": call},
        "subject": ["{userId}", "{anonymousId}"],
        "data": {name: f"{{{name}}}" for name in _SAID},
    }
    return Emitted.model_validate(said)


PRESET = Preset(
    id=("{messageId}",),
    time=Computed(TIMES, lambda _record, *times: moment(*times)),
    events=tuple(_event(call) for call in CALLS),
)
