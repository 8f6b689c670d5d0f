"""A report is matched by what only our mails have, never by an address alone."""

from collections.abc import Sequence

import pytest

from services.notifier.audience import Contact
from services.notifier.channels.email.bounces.matching import Match, Matching
from services.notifier.channels.email.bounces.report import Kind, Report, read
from services.notifier.channels.email.verp import ReturnPaths
from tests.unit.notifier.bounces.samples import ADA, ID, PATH, PATHS, dsn

OURS = Matching("example.com", PATHS)
WITHOUT = Matching("example.com")
CONTACTS = (Contact("email", "bob@example.org"), Contact("sms", ADA), Contact("email", "Ada@Example.org"), Contact("email", ADA))


def address_of(match: Match, contacts: Sequence[Contact], recipients: Sequence[str]) -> str | None:
    contact = OURS.contact_of(match, contacts, recipients)
    return contact.address if contact else None


def report(**fields: tuple[str, ...]) -> Report:
    return Report(Kind.ADDRESS, "5.1.1", **fields)


def test_the_return_path_counts_before_the_message_id() -> None:
    said = report(return_paths=("bounces@example.com", PATH), message_ids=("other@example.com",))
    assert OURS.match(said) == Match(ID, PATH)
    assert WITHOUT.match(said) == Match("other")


def test_a_real_report_is_matched_by_either() -> None:
    said = read(dsn())
    assert isinstance(said, Report)
    assert OURS.match(said) == Match(ID, PATH)
    assert WITHOUT.match(said) == Match(ID)


@pytest.mark.parametrize(
    "said",
    [
        report(recipients=(ADA,)),
        report(return_paths=(ADA, "bounces@example.com"), recipients=(ADA,)),
        report(return_paths=(ReturnPaths("bounces@example.com", b"forged").return_path(ID, ADA),)),
        report(message_ids=(f"{ID}@example.net", "@example.com", "", "example.com")),
    ],
)
def test_nothing_else_matches(said: Report) -> None:
    assert OURS.match(said) is None


def test_the_return_path_knows_the_address_whatever_the_report_says() -> None:
    assert address_of(Match(ID, PATH), CONTACTS, ("bob@example.org",)) == ADA
    assert address_of(Match(ID, PATH), CONTACTS[:3], ("bob@example.org",)) is None


def test_without_one_the_report_may_name_an_address_of_theirs() -> None:
    assert address_of(Match(ID), CONTACTS, ("x@example.org", "ADA@example.org")) == "Ada@Example.org"
    assert address_of(Match(ID), CONTACTS, ("x@example.org",)) is None
    assert address_of(Match(ID), CONTACTS, ()) is None
    assert address_of(Match(ID), (Contact("email", "ada@münchen.example"),), ("ada@xn--mnchen-3ya.example",)) == "ada@münchen.example"
