"""A webhook of any form becomes the events that its hook's mapping says."""

from base64 import b64encode
from typing import Any

import pytest

from services.monitor.sources.hooks.mapped import ENTRIES
from services.monitor.sources.hooks.signatures import Signed, Unsigned
from shared.cloudevents import Undecodable
from tests.unit.monitor.sources.hooks.sending import NOW, SECRET, as_bytes, bearer, hook, signed, told

EVENTS: list[dict[str, Any]] = [
    {
        "type": "com.example.parcel",
        "when": {"state": ["lost", "late"]},
        "id": "{parcel.no}:{state}",
        "subject": "{parcel.to}",
        "data": {"component": "shipping", "state": "{state}", "carrier": "{header.X-Carrier}"},
    }
]
SENT = {"parcel": {"no": 7, "to": "c-17"}, "state": "lost", "at": 1795694400}


def test_a_body_becomes_the_events_it_is_mapped_to() -> None:
    ours = hook("json", events=EVENTS, time={"from": "{at}", "formats": ["unix"]})
    answer = told(ours, SENT, {"x-carrier": "swift"})
    assert answer.events == [
        {
            "specversion": "1.0",
            "id": "7:lost",
            "source": "/hooks/json",
            "type": "com.example.parcel",
            "time": "2026-11-26T12:00:00+00:00",
            "subject": "c-17",
            "data": {"component": "shipping", "state": "lost", "carrier": "swift"},
        }
    ]
    assert answer.keys == ["c-17"]


def test_what_no_event_is_meant_for_is_nothing() -> None:
    assert told(hook("json", events=EVENTS), {**SENT, "state": "sent"}).events == []


def test_without_an_id_the_same_bytes_are_the_same_event() -> None:
    ours = hook("json", events=[{"type": "com.example.x"}])
    assert told(ours, SENT).ids == told(ours, SENT).ids != told(ours, {**SENT, "state": "late"}).ids


def test_each_entry_of_a_list_is_an_event() -> None:
    ours = hook("json", each="parcels", events=[{"type": "com.example.x", "subject": "{each.to}", "data": {"all": "{each}"}}])
    answer = told(ours, {"parcels": [{"to": "c-1"}, {"to": "c-2"}]})
    assert [each["subject"] for each in answer.events] == ["c-1", "c-2"]
    assert len({*answer.ids}) == 2
    assert told(ours, {"parcels": None}).events == []
    with pytest.raises(Undecodable, match="1000 at most"):
        told(ours, {"parcels": [{}] * (ENTRIES + 1)})


def test_what_fits_no_mapping_is_refused_by_its_place() -> None:
    answer = told(hook("json", events=EVENTS, time={"from": "{when}"}), SENT)
    assert [(each.reason, each.where) for each in answer.refused] == [("no_time", "{when}")]


@pytest.mark.parametrize(
    ("signature", "made"),
    [
        ({"header": "X-Hub-Signature-256", "prefix": "sha256="}, lambda raw: f"sha256={signed(raw)}"),
        ({"header": "X-Sign", "algorithm": "sha1"}, lambda raw: signed(raw, algorithm="sha1")),
        ({"header": "X-Sign", "encoding": "base64"}, lambda raw: b64encode(bytes.fromhex(signed(raw))).decode()),
    ],
)
def test_its_signature_is_as_the_hook_describes_it(signature: dict[str, str], made: Any) -> None:
    ours, raw = hook("json", events=EVENTS, signature=signature), as_bytes(SENT)
    header = signature["header"].lower()
    assert ours.judge({header: made(raw)}, raw) == Signed()
    assert isinstance(ours.judge({header: made(raw + b" ")}, raw), Unsigned)
    assert isinstance(ours.judge({header: signed(raw, "another")}, raw), Unsigned)
    assert isinstance(ours.judge(bearer(), raw), Unsigned)


def test_without_a_description_it_is_a_bearer_token() -> None:
    assert hook("json", events=EVENTS).judge(bearer(SECRET), b"") == Signed()
    assert isinstance(hook("json", events=EVENTS).judge({}, b""), Unsigned)


def test_without_a_time_it_happened_now() -> None:
    assert told(hook("json", events=EVENTS), SENT).events[0]["time"] == NOW.isoformat()
