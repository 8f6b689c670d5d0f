"""Who of those who run it is told of what, and in which words."""

from datetime import timedelta

import pytest

from services.notifier.incident import Said
from services.notifier.operators.notices import SUBJECT, About, Notice, Operator, addresses_in, check, notice_of, wanting, words_of
from shared.configuration.files import ConfigError
from tests.builders import NOON
from tests.flow.notifier_stage import dismissed, opened, reopened, resolved, updated, withdrawn

SLACK, MAIL = Operator(channel="slack", address="team"), Operator(channel="email", address="on-call", of=frozenset({About.BRAKES}))


def notice(number: int = 1) -> Notice:
    return Notice(f"n-{number}", About.INCIDENTS, f"Checkout {number}: opened", "Checkout, severity high.", NOON)


def test_an_operator_is_told_of_all_unless_the_file_says_of_what() -> None:
    assert wanting([SLACK, MAIL], About.INCIDENTS) == [SLACK]
    assert wanting([SLACK, MAIL, SLACK], About.BRAKES) == [SLACK, MAIL]


@pytest.mark.parametrize(
    ("fact", "subject"),
    [
        (opened(NOON), "checkout is failing: opened"),
        (reopened(NOON), "checkout is failing: opened again"),
        (resolved(NOON), "checkout is failing: over"),
        (withdrawn(NOON), "checkout is failing: no longer watched"),
        (dismissed(NOON), "checkout is failing: dismissed as a false alarm"),
    ],
)
def test_the_turns_of_an_incident_are_news(fact: Said, subject: str) -> None:
    made = notice_of(fact)
    assert made is not None
    assert made.subject == subject
    assert made.at == NOON
    assert (
        made.text == "checkout, severity high, since 2026-11-24 11:59 UTC, rule checkout-failing. Incident i-1."
        or "Incident i-1." in made.text
    )


def test_that_it_goes_on_is_no_news() -> None:
    assert notice_of(updated(NOON, revision=3)) is None


def test_the_same_turn_is_the_same_notice_and_another_is_another() -> None:
    turns: list[Said] = [opened(NOON), opened(NOON + timedelta(hours=1)), reopened(NOON, revision=2), reopened(NOON, revision=4)]
    ids = [made.id for turn in turns if (made := notice_of(turn))]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


def test_what_has_gathered_is_a_list() -> None:
    assert words_of([notice()]) == ("Checkout 1: opened", "Checkout, severity high.")
    subject, text = words_of([notice(number) for number in range(1, 31)])
    assert subject == "30 notices: Checkout 1: opened"
    assert text.splitlines()[0] == "- Checkout 1: opened"
    assert text.splitlines()[-1] == "and 10 more"
    assert len(text.splitlines()) == 21
    assert len(words_of([Notice("n", About.BRAKES, "x" * SUBJECT, "", NOON)] * 2)[0]) == SUBJECT


def test_addresses_stand_a_line_each() -> None:
    said = "# ours\nteam = https://hooks.slack.com/services/T/B/x=y\n\n on-call=+4915112345678 \n"
    assert addresses_in(said) == {"team": "https://hooks.slack.com/services/T/B/x=y", "on-call": "+4915112345678"}
    assert addresses_in("") == {}


@pytest.mark.parametrize("said", ["https://hooks.slack.com/s3cret", "team=", "= s3cret", "team = s3cret\nteam = s3cret"])
def test_a_line_that_cannot_be_read_is_named_and_not_shown(said: str) -> None:
    with pytest.raises(ConfigError, match=r"line [12]") as caught:
        addresses_in(said)
    assert "s3cret" not in str(caught.value)


def test_an_operator_who_cannot_be_told_is_a_mistake_that_shows_no_address() -> None:
    usable = {"slack": lambda address: address.startswith("https://")}
    check([SLACK], usable, {"team": "https://x"})
    with pytest.raises(ConfigError) as caught:
        check([SLACK, MAIL, Operator(channel="slack", address="other")], usable, {"team": "s3cret", "on-call": "x"})
    assert str(caught.value).splitlines() == [
        "operators: what FOREWARN_OPERATOR_ADDRESSES has as team is no address of slack",
        "operators: there is no channel email, or it is not set up",
        "operators: FOREWARN_OPERATOR_ADDRESSES has no other",
    ]


@pytest.mark.parametrize("of", [[], ["weather"]])
def test_nothing_and_the_unknown_are_nothing_to_be_told_of(of: list[str]) -> None:
    with pytest.raises(ValueError, match="of"):
        Operator(channel="slack", address="team", of=of)
