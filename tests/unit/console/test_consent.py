"""What people allow, in words: switches and brakes, the two steps that turn them, records of rules and stories of approvals."""

from typing import Any

import pytest

from services.console.frame.charts import bars
from services.console.frame.consent import Consent, consent_of, thrown_in
from services.console.pages.approval.story import story_of, voided
from services.console.pages.autonomy.record import record_of
from services.console.pages.switches.turning import EMPTY, button_of, effect_of, trouble, typed_of

BRAKE: dict[str, Any] = {"scope": "rule", "name": "r", "mode": "brake", "reason": "", "by": "forewarn"}


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ({"audience": 12_000, "approved": 400, "grows": 2.0}, ("12\N{NARROW NO-BREAK SPACE}000 customers, where 400 were approved",)),
        ({"lately": 4000, "normal": 40, "times": 10}, ("4\N{NARROW NO-BREAK SPACE}000 customers in an hour, where 40 are normal",)),
        ({"times": 6, "per_s": 21_600}, ("6 incidents in 6 h",)),
        ({"something": "new"}, ()),
    ],
)
def test_a_brake_says_what_it_measured(why: dict[str, Any], said: tuple[str, ...]) -> None:
    [thrown] = thrown_in({"items": [BRAKE | {"why": why}]})
    assert (thrown.figures, thrown.effect) == (said, "Rule r is stopped by its brake: nobody else is told")


def test_what_stops_everything_is_named_first_and_what_has_no_place_is_counted() -> None:
    rules = [BRAKE | {"name": f"r-{number}", "mode": "off"} for number in range(4)]
    found = consent_of({"items": [*rules, BRAKE | {"scope": "all", "name": "", "mode": "dry_run"}]}, {"items": [{}] * 50, "next": "x"})
    assert [each.name for each in found.first] == ["", "r-0", "r-1"]
    assert found.first[0].effect == "Everything is in a dry run: it is decided as ever, and told to nobody"
    assert (found.rest, found.waits) == (2, "50+")
    assert (Consent().rest, Consent().waits) == (0, "0")


@pytest.mark.parametrize(
    ("said", "button", "effect"),
    [
        ({}, "Stop everything", "Everything is stopped: nothing of it is told"),
        ({"scope": "rule", "name": " r "}, "Stop rule r", "Rule r is stopped: nothing of it is told"),
        ({"mode": "dry_run"}, "Begin the dry run of everything", "Everything is in a dry run: it is decided as ever, and told to nobody"),
        ({"thrown": "false", "mode": "dry_run"}, "Release everything", "Everything is told again; what the dry run left out stays untold"),
        (
            {"thrown": "false", "scope": "channel", "name": "sms"},
            "Release channel sms",
            "Channel sms goes on: what is held is decided anew, and told if it is still so",
        ),
    ],
)
def test_the_second_step_says_what_it_does(said: dict[str, str], button: str, effect: str) -> None:
    typed = typed_of({**EMPTY, "reason": "why", **said})
    assert trouble(typed) == ""
    assert (button_of(typed), effect_of(typed)) == (button, effect)


@pytest.mark.parametrize(
    ("waiting", "first_by", "first_saw", "send", "void"),
    [
        (100, None, None, "Send to 100 customers by e-mail", ""),
        (101, None, None, "Agree to send to 101 customers by e-mail", ""),
        (101, "ada", "1-a", "Send to 101 customers by e-mail", ""),
        (101, "ada", "0-a", "Agree to send to 101 customers by e-mail", "ada"),
        (1, None, None, "Send to 1 customer by e-mail", ""),
    ],
)
def test_the_button_says_how_many_are_told_and_whether_another_must_agree(
    waiting: int, first_by: str | None, first_saw: str | None, send: str, void: str
) -> None:
    said = {"waiting": waiting, "two_people_above": 100, "seen": "1-a", "first_by": first_by, "first_saw": first_saw}
    story = story_of({**said, "channels": {"email": waiting}})
    assert (story.send, story.void_first) == (send, void)


@pytest.mark.parametrize(
    ("channels", "send"),
    [
        ({"email": 1900, "sms": 100}, "Send to 2\u202f000 customers: 1\u202f900 by e-mail, 100 by SMS"),
        ({"email": 1999}, "Send to 2\u202f000 customers, each on their channel"),  # an older version decided about one
        ({"email": 1999, "pigeon": 1}, "Send to 2\u202f000 customers, each on their channel"),
        (None, "Send to 2\u202f000 customers, each on their channel"),
    ],
)
def test_the_button_says_by_which_channels_where_that_is_known_of_everybody(channels: dict[str, int] | None, send: str) -> None:
    assert story_of({"waiting": 2000, "channels": channels, "samples": [{"channel": "email"}]}).send == send


def test_an_approval_is_void_until_it_is_given_anew() -> None:
    gone, given = {"act": "voided approval"}, {"act": "approved"}
    waits = story_of({"standing": "waiting"})
    assert voided(waits, [{"act": "edited the words"}, gone, given]) == gone
    assert voided(waits, [given, gone]) is None
    assert voided(story_of({"standing": "approved"}), [gone]) is None


def test_who_wrote_in_all_the_same_is_a_share_of_who_was_told() -> None:
    assert record_of({"told": 280, "wrote_in": 7}).wrote_in_all_the_same == 2.5
    assert record_of({"told": 0}).wrote_in_all_the_same is None


def test_bars_say_their_figures_in_words_too() -> None:
    drawn = bars({"this <b>": 4000, "normal": 40}, "Customers")
    assert drawn == bars({"this <b>": 4000, "normal": 40}, "Customers")
    assert 'aria-label="Customers: this &lt;b&gt;: 4\N{NARROW NO-BREAK SPACE}000; normal: 40"' in drawn
    assert drawn.count("<rect") > 2
    assert "<b>" not in drawn.replace("<strong>", "")
