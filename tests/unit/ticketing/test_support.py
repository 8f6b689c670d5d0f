"""support.yml and catalog.yml are read, and mistakes are named with their place."""

from datetime import timedelta
from pathlib import Path

import pytest

from services.ticketing.acts.linking import is_worth_answering, may_answer
from services.ticketing.incident import End, Ending
from services.ticketing.support import SupportFile
from services.ticketing.wording.rendering import answer
from shared.catalog import Catalog, Component
from shared.configuration.files import ConfigError, load
from tests.unit.ticketing.builders import CONFIGURATION, NOW, WORDS, a_clock, a_ticket, an_incident, minutes

DAY = timedelta(hours=24)
SHIPPED = Path(__file__).parents[3] / "deploy/config/support.yml"


def broken(tmp_path: Path, was: str, now: str) -> str:
    """Returns what is said about the shipped file with one thing changed."""
    text = SHIPPED.read_text()
    assert was in text
    path = tmp_path / "support.yml"
    path.write_text(text.replace(was, now))
    with pytest.raises(ConfigError) as error:
        load(path, SupportFile)
    return str(error.value)


def test_a_field_no_answer_fills_is_named_with_its_line(tmp_path: Path) -> None:
    said = broken(tmp_path, "{title}.\n\n      It affects", "{titel}.\n\n      It affects")
    assert said.startswith(f"{tmp_path}/support.yml:")
    assert "{titel} is none of component, number" in said


@pytest.mark.parametrize("field", ["{title.__class__}", "{title!r}", "{title:>100000000}", "{0}", "{}", "{title"])
def test_answers_are_words_and_no_programs(tmp_path: Path, field: str) -> None:
    assert "answers" in broken(tmp_path, "We know about this: {title}.", f"We know about this: {field}.")


def test_every_priority_has_a_target(tmp_path: Path) -> None:
    assert "urgent missing" in broken(tmp_path, "urgent: 15m, ", "")


def test_words_for_the_all_clear_of_an_older_version_are_read_and_their_owner_hears_where_they_belong_now(tmp_path: Path) -> None:
    path, doubts = tmp_path / "support.yml", list[str]()
    path.write_text(SHIPPED.read_text() + '  resolved: {subject: "Fixed: {subject}", body: "It is fixed."}\n')
    load(path, SupportFile, warn=doubts.append)
    assert [doubt.partition(": ")[2] for doubt in doubts] == [
        "answers: `resolved` is not used any more: notifier tells customers that an incident is over, in the words of notifications.yml"
    ]
    load(SHIPPED, SupportFile, warn=doubts.append)
    assert len(doubts) == 1


def test_what_is_misspelt_is_no_default(tmp_path: Path) -> None:
    assert "before_stort" in broken(tmp_path, "before_start: 5m", "before_stort: 5m")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("checkout", "checkout"),
        ("CHECKOUT", "checkout"),
        (" sign-in ", "login"),
        ("payment", "checkout"),
        ("Warehouse", "Warehouse"),
        ("", None),
        (None, None),
    ],
)
def test_a_component_is_known_by_its_id_its_name_or_a_synonym_in_any_case(said: str | None, meant: str | None) -> None:
    assert CONFIGURATION.catalog.component(said) == meant
    assert Catalog().component("Checkout") == "Checkout"


def test_a_word_for_two_components_is_refused() -> None:
    with pytest.raises(ValueError, match='"pay" means both checkout and billing'):
        Catalog(components={"checkout": Component(name="Checkout", synonyms=("pay",)), "billing": Component(name="Pay")})


def test_an_answers_subject_has_one_re_and_one_number() -> None:
    ticket = a_ticket(subject="Re: AW: Cannot pay [#7] [#1042]")
    assert answer(*WORDS, ticket, an_incident()).subject == "Re: Cannot pay [#1042]"


def test_braces_in_what_people_wrote_stay_braces() -> None:
    wording = answer(*WORDS, a_ticket(subject="{number} {0}\nand more"), an_incident())
    assert wording.subject == "Re: {number} {0} and more [#1042]"


def test_the_answer_depends_on_whether_the_incident_goes_on() -> None:
    assert "We are working on it" in answer(*WORDS, a_ticket(), an_incident()).body
    assert "is fixed since 24 November 2026, 10:00 UTC" in answer(*WORDS, a_ticket(), an_incident(resolved_at=NOW)).body


def test_nobody_is_answered_about_an_end_that_nobody_is_to_hear_of() -> None:
    silent = an_incident(end=End(Ending.RESOLVED, NOW, 1, tell=False))
    assert not may_answer(a_ticket(), silent, NOW, DAY)
    assert may_answer(a_ticket(), an_incident(resolved_at=NOW), NOW, DAY)


def test_an_automatic_answer_is_given_within_a_day_and_never_after_a_person() -> None:
    assert CONFIGURATION.support.linking.answer_within == DAY
    assert is_worth_answering(a_ticket(), NOW + DAY, DAY)
    assert not is_worth_answering(a_ticket(), NOW + DAY + timedelta(seconds=1), DAY)
    assert is_worth_answering(
        a_ticket(first_response=a_clock(stopped_at=NOW, answered_by="forewarn", answered_automatically=True)), NOW + minutes(1), DAY
    )
    assert not is_worth_answering(a_ticket(first_response=a_clock(stopped_at=NOW, answered_by="forewarn")), NOW + minutes(1), DAY)
