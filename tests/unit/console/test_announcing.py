"""What an operator types into the form becomes what monitor is asked, in the zone that was typed, or a sentence about what is wrong."""

from typing import Any

import pytest

from services.console.pages.maintenance.announcing import EMPTY, body_of

TYPED = EMPTY | {"title": "We move", "starts_at": "2026-11-29T02:30", "ends_at": "2026-11-29T04:30", "zone": "Europe/Berlin"}


def test_times_are_those_of_the_zone_and_lists_are_written_with_commas() -> None:
    body = body_of(TYPED | {"components": "checkout, search,", "repeat": " FREQ=WEEKLY ", "text": "Wait.\r\nPlease."})
    assert body == {
        "title": "We move",
        "text": "Wait.\nPlease.",
        "components": ["checkout", "search"],
        "audience": {"used_within": "14d"},
        "starts_at": "2026-11-29T02:30:00+01:00",
        "ends_at": "2026-11-29T04:30:00+01:00",
        "zone": "Europe/Berlin",
        "repeat": "FREQ=WEEKLY",
    }


def test_tiers_are_told_in_place_of_those_who_used_it() -> None:
    body = body_of(TYPED | {"tiers": "gold, enterprise"})
    assert isinstance(body, dict)
    assert body["audience"] == {"where": {"tier": ["gold", "enterprise"]}}


@pytest.mark.parametrize(
    ("but", "why"),
    [
        ({"zone": "Europe/Atlantis"}, "no such zone"),
        ({"zone": "../../etc/passwd"}, "no such zone"),
        ({"starts_at": ""}, "when it begins"),
        ({"ends_at": "tomorrow"}, "when it ends"),
        ({"used_within_days": "0"}, "in how many days"),
        ({"used_within_days": "1000"}, "in how many days"),
    ],
)
def test_what_cannot_be_meant_is_said(but: dict[str, Any], why: str) -> None:
    assert why in str(body_of(TYPED | but))
