"""A notification is put in words, and becomes a mail."""

import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import pytest
from pydantic import ValidationError

from services.notifier.audience import Contact
from services.notifier.channels.email.mail import Sender, compose, sender_of
from services.notifier.channels.outcome import Rendered
from services.notifier.deciding.policy import Policy
from services.notifier.incident import IncidentStatus
from services.notifier.notification import ENDS, Kind
from services.notifier.situation import Situation
from services.notifier.wording.texts import OwnWords, Text
from services.notifier.wording.writing import clock_face, write
from shared.configuration.files import ConfigError, load
from tests.unit.notifier.builders import ADA, CATALOG, MINUTE, NOW, OPEN, OVER, POLICY, notification, situation

SHOP = Sender("Shop", "support@example.com")
LINK = "https://example.com/u/abc"


def written(at: Situation, **also: Any) -> Rendered:
    return write(at, Contact("email", "ada@example.org"), POLICY.texts, CATALOG, sender="Shop", unsubscribe=LINK, **also)


def mail(message: Rendered) -> EmailMessage:
    return email.message_from_bytes(compose(message, SHOP), policy=email.policy.default)


def body(of: EmailMessage, kind: str) -> str:
    part = of.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_a_text_says_what_is_known_by_the_customers_clock() -> None:
    message = written(situation())
    assert message.subject == "checkout is failing"
    assert message.text == f"Hello Ada,\n\ncheckout fails since 12:59 CET.\n\n-- \nStop: {LINK}\n"


def test_a_customer_without_a_name_is_greeted_all_the_same() -> None:
    assert written(situation(customer=replace(ADA, name=""))).text.startswith("Hello there,")


def test_the_all_clear_has_words_of_its_own() -> None:
    message = written(situation(notification(Kind.RESOLVED), incident=OVER))
    assert (message.subject, message.kind) == ("All clear: checkout", "resolved")


# ── the mail of a rule has words that fit it ─────────────────────────────────────────────────

KINDS = (Kind.OPENED, *ENDS)
SHIPPED = load(Path(__file__).parents[3] / "deploy/config/notifications.yml", Policy)


def in_shipped_words(kind: Kind, symptom: str, rule: str = "checkout", policy: Policy = SHIPPED) -> Rendered:
    status = IncidentStatus.OPEN if kind is Kind.OPENED else IncidentStatus(kind.value)
    about = situation(notification(kind), incident=replace(OPEN, status=status, symptom=symptom, rule=rule))
    return write(about, Contact("email", "ada@example.org"), policy.texts, CATALOG, sender="Shop", unsubscribe=LINK)


@pytest.mark.parametrize("kind", KINDS)
def test_a_slow_component_has_not_failed_and_what_is_not_known_has_not_either(kind: Kind) -> None:
    for symptom in ("slow", "of tomorrow"):
        said = in_shipped_words(kind, symptom)
        assert "have failed" not in said.text
        assert "works again" not in said.subject + said.text


def test_each_symptom_has_words_that_fit_it() -> None:
    opened = {symptom: in_shipped_words(Kind.OPENED, symptom).text for symptom in ("failing", "slow", "of tomorrow")}
    assert "requests to checkout have failed since 12:59 CET" in opened["failing"]
    assert "checkout has been answering you more slowly than it should since 12:59 CET" in opened["slow"]
    assert "there is trouble with checkout since 12:59 CET" in opened["of tomorrow"]
    assert in_shipped_words(Kind.RESOLVED, "slow").subject == "All clear: checkout is as fast as it should be"


LIKELY = notification(evidence={"certainty": "likely", "count": 3})


@pytest.mark.parametrize("symptom", ["failing", "slow", "trouble", "of tomorrow"])
def test_who_is_only_likely_touched_is_not_told_that_anything_of_theirs_failed(symptom: str) -> None:
    for policy in (SHIPPED, POLICY):
        about = situation(LIKELY, incident=replace(OPEN, symptom=symptom))
        said = write(about, Contact("email", "ada@example.org"), policy.texts, CATALOG, sender="Shop", unsubscribe=LINK).text
        assert "it may affect you" in said
        for untrue in ("it affects you", "your requests", "answering you", "fails"):
            assert untrue not in said


@pytest.mark.parametrize("evidence", [None, {}, {"certainty": "confirmed"}])
def test_who_is_confirmed_or_of_whom_an_older_version_says_nothing_is_told_that_it_affects_them(evidence: dict[str, str] | None) -> None:
    about = situation(notification(evidence=evidence), incident=replace(OPEN, symptom="trouble"))
    said = write(about, Contact("email", "ada@example.org"), SHIPPED.texts, CATALOG, sender="Shop", unsubscribe=LINK).text
    assert "and it affects you" in said


def test_a_rules_words_for_the_likely_win_and_its_words_for_the_confirmed_do_not_stand_for_them() -> None:
    own = OwnWords(opened=Text(subject="rule opened", body="x"), likely=Text(subject="rule likely", body="x"))
    symptom = OwnWords(opened=Text(subject="symptom opened", body="x"))

    def subject(rule: str, symptom_: str) -> str:
        texts = SHIPPED.texts.model_copy(update={"rules": {"alerts": own}, "symptoms": {"slow": symptom}})
        about = situation(LIKELY, incident=replace(OPEN, rule=rule, symptom=symptom_, title="checkout has trouble"))
        return write(about, Contact("email", "ada@example.org"), texts, CATALOG, sender="Shop", unsubscribe=LINK).subject

    assert subject("alerts", "slow") == "rule likely"
    assert subject("another", "slow") == "checkout has trouble: we are on it"


def test_the_end_is_told_in_the_same_words_to_all() -> None:
    likely = replace(LIKELY, kind=Kind.RESOLVED)
    confirmed = replace(LIKELY, kind=Kind.RESOLVED, evidence={"certainty": "confirmed"})
    assert written(situation(likely, incident=OVER)) == written(situation(confirmed, incident=OVER))


def test_a_withdrawal_is_no_all_clear_and_a_false_alarm_is_called_one() -> None:
    withdrawn, dismissed = in_shipped_words(Kind.WITHDRAWN, "failing"), in_shipped_words(Kind.DISMISSED, "failing")
    assert "cannot tell you when it is over" in withdrawn.text
    assert "is over." not in withdrawn.text
    assert "All clear" not in withdrawn.subject
    assert "false alarm" in dismissed.subject
    assert all("answer this mail" in each.text for each in (withdrawn, dismissed))


@pytest.mark.parametrize("kind", KINDS)
def test_a_rules_own_words_win_over_its_symptoms_and_these_over_the_general(kind: Kind) -> None:
    def words(of: str) -> OwnWords:
        return OwnWords(**{each.value: Text(subject=f"{of} {each}", body="x") for each in KINDS})

    def subject(symptom: str, rule: str) -> str:
        own = {"symptoms": {"slow": words("symptom")}, "rules": {"checkout": words("rule"), "empty": OwnWords()}}
        policy = POLICY.model_copy(update={"texts": POLICY.texts.model_copy(update=own)})
        return in_shipped_words(kind, symptom, rule, policy).subject

    general = getattr(POLICY.texts, kind.value).subject.format(title="checkout is failing", component="checkout")
    assert subject("slow", "checkout") == f"rule {kind}"
    assert subject("slow", "another") == subject("slow", "empty") == f"symptom {kind}"
    assert subject("failing", "another") == general


def test_a_file_of_before_without_words_for_the_new_ends_still_loads_and_has_some(tmp_path: Path) -> None:
    file = tmp_path / "notifications.yml"
    file.write_text("texts:\n" + "".join(f"  {kind}: {{subject: x, body: y}}\n" for kind in ("opened", "resolved", "reply")))
    policy = load(file, Policy)
    assert in_shipped_words(Kind.OPENED, "slow", policy=policy).subject == "x", "an operator's own words are not replaced"
    for kind in (Kind.WITHDRAWN, Kind.DISMISSED):
        assert in_shipped_words(kind, "slow", policy=policy).text == in_shipped_words(kind, "slow").text.partition("\n\n-- ")[0] + "\n"


def test_a_mistake_in_a_rules_own_words_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "notifications.yml"
    own = "  rules:\n    checkout:\n      opened: {subject: x, body: '{nope}'}\n      opend: {subject: x, body: y}\n"
    file.write_text("texts:\n" + "".join(f"  {kind}: {{subject: x, body: y}}\n" for kind in ("opened", "resolved", "reply")) + own)
    with pytest.raises(ConfigError) as error:
        load(file, Policy)
    assert f"{file}:7: texts.rules.checkout.opened.body" in str(error.value)
    assert f"{file}:8: texts.rules.checkout.opend" in str(error.value)


def test_a_reply_is_brought_in_the_tickets_words_and_cannot_be_unsubscribed() -> None:
    reply = notification(Kind.RESOLVED, ticket_id="t-1", ticket_number=7, subject="Re: {name}", body="It {works}.")
    message = written(situation(reply))
    assert (message.subject, message.text) == ("Re: {name}", "It {works}.\n")
    assert message.unsubscribe is None
    assert mail(message)["X-Forewarn-Ticket"] == "t-1"
    assert mail(message)["List-Unsubscribe"] is None


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd", "/etc/passwd", "\0"])
def test_a_time_zone_nobody_knows_is_utc(zone: str) -> None:
    assert clock_face(NOW, zone) == "12:00 UTC"


@pytest.mark.parametrize("moment", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)], ids=str)
def test_every_zone_shows_any_moment_there_can_be(moment: datetime) -> None:
    shown = {clock_face(moment, zone) for zone in available_timezones()}
    assert f"{moment:%H:%M} UTC" in shown
    assert all(re.fullmatch(r"\d\d:\d\d \S+", each) for each in shown)


def test_a_proactive_mail_can_be_ended_with_one_click() -> None:
    sent = mail(written(situation()))
    assert sent["List-Unsubscribe"] == f"<{LINK}>"
    assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert sent["Auto-Submitted"] == "auto-generated"
    assert sent["X-Forewarn-Kind"] == "opened"
    assert sent["X-Forewarn-Incident"] == "i-1"


def test_mails_about_one_thing_are_one_thread() -> None:
    sent = mail(written(situation(), earlier=("n-7", "n-8")))
    assert sent["In-Reply-To"] == "<n-8@example.com>"
    assert sent["References"] == "<n-7@example.com> <n-8@example.com>"


def test_a_long_link_stays_in_one_piece() -> None:
    url = "https://example.com/u/" + "x" * 500
    assert f"List-Unsubscribe: <{url}>\r\n".encode() in compose(replace(written(situation()), unsubscribe=url), SHOP)


def test_the_html_shows_what_the_text_says_and_nothing_in_it_is_markup() -> None:
    evil = '<script>alert("x")</script> & https://example.net/?a=1&b=2'
    sent = mail(written(situation(notification(Kind.REPLY, ticket_id="t-1", ticket_number=7, subject="Re: hello", body=evil))))
    shown = body(sent, "html")
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown
    assert '<a href="https://example.net/?a=1&amp;b=2">' in shown
    assert "<script>" in body(sent, "plain")


def test_an_encoded_word_in_a_subject_brings_no_header() -> None:
    sent = mail(replace(written(situation()), subject="=?utf-8?q?x=0D=0ABcc:_eve@example.net?="))
    assert b"\nBcc:" not in sent.as_bytes()


@pytest.mark.parametrize("mail_from", ["", "Shop", "Shop <>", "a@b, c@d", "x\r\nBcc: y@z"])
def test_a_sender_is_one_address(mail_from: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        sender_of(mail_from)


def test_the_senders_name_may_come_from_the_configuration() -> None:
    assert sender_of("Shop <support@example.com>") == Sender("Shop", "support@example.com")
    assert sender_of('"The Shop, Inc." <support@example.com>') == Sender("The Shop, Inc.", "support@example.com")
    assert sender_of("support@example.com") == Sender("", "support@example.com")
    assert sender_of("Shop <support@example.com>", "Example Shop").name == "Example Shop"


# ── notifications.yml ────────────────────────────────────────────────────────────────────────


def test_what_is_shipped_is_right() -> None:
    assert (SHIPPED.caps.count, SHIPPED.caps.per, SHIPPED.max_event_age) == (3, 60 * MINUTE, 24 * 60 * MINUTE)
    assert (SHIPPED.told_within, SHIPPED.hold_when_behind) == (15 * MINUTE, MINUTE)


@pytest.mark.parametrize("text", ["{nobody}", "{name.__class__}", "{name[0]}", "{name!r}", "{name:>99999999}", "{}", "{0}", "{name"])
def test_a_text_can_name_fields_and_do_nothing_else(text: str) -> None:
    with pytest.raises(ValidationError):
        Text(subject="x", body=text)


def test_a_mistake_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "notifications.yml"
    file.write_text("caps:\n  count: -1\ntexts:\n  opened: {subject: x, body: '{nope}'}\n")
    with pytest.raises(ConfigError) as error:
        load(file, Policy)
    assert f"{file}:2: caps.count" in str(error.value)
    assert f"{file}:4: texts.opened.body" in str(error.value)


def test_an_end_on_a_ticket_has_the_tickets_number_in_its_subject_and_no_footer() -> None:
    on_ticket = notification(Kind.RESOLVED, ticket_id="t-1", ticket_number=7)
    end = written(situation(on_ticket, incident=OVER))
    assert end.subject == "Re: [#7] All clear: checkout"
    assert (end.text, end.unsubscribe) == ("Hello Ada, it is over.\n", None)
    assert written(situation(notification(Kind.RESOLVED), incident=OVER)).subject == "All clear: checkout"


def test_a_tickets_own_words_have_the_subject_that_the_ticket_gives_them() -> None:
    reply = notification(Kind.REPLY, ticket_id="t-1", ticket_number=7, subject="Re: Cannot pay [#7]", body="Words.")
    assert written(situation(reply)).subject == "Re: Cannot pay [#7]"
