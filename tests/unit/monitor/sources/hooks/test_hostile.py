"""Whatever stands anywhere in a webhook that is signed, it is read or refused with a reason: nothing else is ever raised."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, NamedTuple

import pytest

from services.monitor.sources.hooks.model import HookKind
from services.monitor.sources.hooks.opened import OpenHook
from services.monitor.sources.hooks.registry import KINDS
from shared.cloudevents import MAX_BYTES, Undecodable, read_event
from tests.unit.monitor.sources.hooks import test_alertmanager, test_datadog, test_grafana, test_mapped, test_pagerduty, test_segment
from tests.unit.monitor.sources.hooks import test_sentry as of_sentry
from tests.unit.monitor.sources.hooks import test_stripe as of_stripe
from tests.unit.monitor.sources.hooks.sending import NOW, as_bytes, hook

HOSTILE: tuple[Any, ...] = (
    *(
        None,
        True,
        -1,
        0,
        1e308,
        10**30,
        "",
        " ",
        "\0",
        "a\0b",
        "\x1b[31m",
        "\u202e",
        "x" * 100_000,
        "9" * 400,
        [],
        {},
        [[]],
        {"": {}},
        [None],
    ),
    *(
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-02-30T00:00:00Z",
        "1999-01-01T00:00:00Z",
        "2099-01-01T00:00:00Z",
        "²",
        "é",
    ),
)


class Sample(NamedTuple):
    """Is a request that is fine."""

    kind: HookKind
    body: Any
    headers: dict[str, str] = {}
    keys: dict[str, Any] = {}


def of_resource(resource: str, action: str, **data: Any) -> Sample:
    return Sample("sentry", *of_sentry.sent(resource, action, **data), {"component": ["{tags.component}", "{project}", "search"]})


SAMPLES = (
    Sample("alertmanager", test_alertmanager.group(test_alertmanager.alert(status="resolved", endsAt="2026-11-26T11:59:00Z"))),
    Sample("grafana", test_grafana.SENT, keys={"customer": "{labels.zone}"}),
    Sample("datadog", test_datadog.SENT),
    Sample("pagerduty", test_pagerduty.TRIGGER),
    Sample("pagerduty", test_pagerduty.RESOLVE, keys={"component": "search"}),
    Sample(
        "segment", {"batch": [test_segment.call(event="Paid", properties={"amount": 1}, traits={"plan": "a"}, groupId="g", previousId="p")]}
    ),
    Sample("stripe", of_stripe.sent(last_payment_error={"code": "x"}), keys={"component": "{data.object.status}"}),
    of_resource("error", "created", error=of_sentry.EVENT),
    of_resource("event_alert", "triggered", event=of_sentry.EVENT, triggered_rule="Many"),
    of_resource("issue", "resolved", issue={"id": "7", "title": "x", "web_url": "https://sentry.io"}),
    of_resource("metric_alert", "resolved", metric_alert=of_sentry.METRIC, description_text="x", web_url="https://sentry.io"),
    Sample("json", test_mapped.SENT, keys={"events": test_mapped.EVENTS, "time": {"from": "{at}", "formats": ["unix"]}}),
)
IDS = [f"{sample.kind}-{number}" for number, sample in enumerate(SAMPLES)]


def spoilt(said: Any) -> Iterator[Any]:
    """Yields the body with each of its places taken by each hostile value, or left out."""
    yield from HOSTILE
    for path in _paths(said):
        for value in HOSTILE:
            body = deepcopy(said)
            held = _at(body, path[:-1])
            held[path[-1]] = value
            yield body
        body = deepcopy(said)
        del _at(body, path[:-1])[path[-1]]
        yield body


def _paths(said: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = said.items() if isinstance(said, dict) else enumerate(said) if isinstance(said, list) else ()
    for name, value in inner:
        yield (*before, name)
        yield from _paths(value, (*before, name))


def _at(said: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        said = said[step]
    return said


def made(by: OpenHook, sample: Sample, body: Any) -> int:
    """Returns how many events a request becomes; each is read as its readers will."""
    try:
        said = by.read(sample.headers, as_bytes(body), NOW)
    except Undecodable:
        return 0
    ready = by.made(said, NOW).ready
    for each in ready:
        read_event(each.value, (), NOW)
        assert len(each.value) <= MAX_BYTES
    return len(ready)


def test_every_kind_has_a_sample() -> None:
    assert {sample.kind for sample in SAMPLES} == KINDS.keys()


@pytest.mark.parametrize("sample", SAMPLES, ids=IDS)
def test_any_value_in_any_place_is_read_or_refused(sample: Sample) -> None:
    by = hook(sample.kind, **sample.keys)
    assert sum(made(by, sample, body) for body in spoilt(sample.body)) > 0


@pytest.mark.parametrize("sample", SAMPLES, ids=IDS)
@pytest.mark.parametrize(
    "raw", [b"", b"\xff", b"{", b"[" * 100_000, b'{"a":' * 500 + b"1" + b"}" * 500, b"NaN", b'"\\ud800"', b'{"\\ud800":1}']
)
def test_bytes_that_are_no_json_are_refused(sample: Sample, raw: bytes) -> None:
    by = hook(sample.kind, **sample.keys)
    assert made(by, sample, raw) == 0
    for header in ("authorization", "x-signature", "x-grafana-alerting-signature", "sentry-hook-signature", "stripe-signature"):
        for value in ("", "Bearer", "Bearer \udcff", "t=1,v1=é", "x" * 5000, "\x00"):
            by.judge({header: value}, raw)


def test_a_body_with_a_lone_surrogate_stops_nothing() -> None:
    body = json.dumps(test_alertmanager.group(test_alertmanager.alert(annotations={"summary": "half \ud800"}))).encode()
    assert made(hook("alertmanager"), SAMPLES[0], body) in (0, 1)
