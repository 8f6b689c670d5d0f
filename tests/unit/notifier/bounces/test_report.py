"""What a mail that came back says: bounces by their codes, complaints by their kind; notes of machines and people say nothing."""

import email
import time
from email.policy import compat32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifier.channels.email.bounces.report import Ignored, Kind, Report, judged, read
from tests.unit.notifier.bounces.samples import ADA, EXIM, ID, PATH, PATHS, PERSON, QMAIL, RETURNED, VACATION, dsn, feedback, mail

WITHIN = 3.0  # seconds, for any mail, on a machine that is busy with something else


def said(raw: bytes) -> Report:
    report = read(raw)
    assert isinstance(report, Report), report
    return report


def test_a_bounce_says_which_mail_and_which_address_and_why() -> None:
    report = said(dsn())
    assert (report.kind, report.code) == (Kind.ADDRESS, "5.1.1")
    assert PATH in report.return_paths
    assert report.message_ids == (f"{ID}@example.com",)
    assert report.recipients == (ADA,)


@pytest.mark.parametrize(
    ("status", "diagnostic", "kind", "code"),
    [
        ("5.1.1", "", Kind.ADDRESS, "5.1.1"),
        ("5.1.10", "smtp; 556 5.1.10 null MX", Kind.ADDRESS, "5.1.10"),
        ("5.2.1", "smtp; 550 5.2.1 disabled", Kind.ADDRESS, "5.2.1"),
        ("5.0.0", "smtp; 550 5.1.1 user unknown", Kind.ADDRESS, "5.1.1"),
        ("5.0.0", "smtp; 550 no", Kind.REFUSED, "5.0.0"),
        ("5.7.1", "smtp; 550 5.7.1 we do not want it, see 5.1.1", Kind.REFUSED, "5.7.1"),
        ("5.1.11", "", Kind.REFUSED, "5.1.11"),
        ("5.2.2", "", Kind.TRANSIENT, "5.2.2"),
        ("4.4.7", "smtp; 451 4.4.1 no answer", Kind.TRANSIENT, "4.4.7"),
        ("4.0.0", "smtp; 550 5.1.1 no such user", Kind.TRANSIENT, "4.0.0"),
        ("", "smtp; 550 5.1.2 no such host", Kind.ADDRESS, "5.1.2"),
        ("", "", Kind.REFUSED, ""),
        ("5.1.1 (bad destination)", "", Kind.ADDRESS, "5.1.1"),
        ("10.5.1.1", "x", Kind.REFUSED, ""),
    ],
)
def test_codes_say_whether_the_address_the_message_or_the_moment_is_wrong(status: str, diagnostic: str, kind: Kind, code: str) -> None:
    assert judged(status, diagnostic) == (kind, code)
    report = said(dsn(status=status, diagnostic=diagnostic))
    assert (report.kind, report.code) == (kind, code)


@pytest.mark.parametrize(
    ("action", "reason"), [("delayed", Ignored.DELAYED), ("delivered", Ignored.DELIVERED), ("relayed", Ignored.DELIVERED)]
)
def test_a_report_of_no_failure_is_no_bounce(action: str, reason: Ignored) -> None:
    assert read(dsn(action=action, status="4.4.1")) is reason


def test_of_several_recipients_the_worst_counts() -> None:
    worse = dsn(status="4.4.7").replace(
        b"\r\n\r\n--RAA14128.773615765/CS.UTK.EDU\r\nContent-Type: message/rfc822",
        b"\r\n\r\nFinal-Recipient: rfc822; ada@elsewhere.example\r\nAction: FAILED\r\nStatus: 5.1.1\r\n"
        b"\r\n--RAA14128.773615765/CS.UTK.EDU\r\nContent-Type: message/rfc822",
    )
    assert said(worse).kind is Kind.ADDRESS
    assert "ada@elsewhere.example" in said(worse).recipients


@pytest.mark.parametrize("sort", ["abuse", "Abuse ", "fraud", "opt-out"])
def test_a_complaint_says_which_mail(sort: str) -> None:
    report = said(feedback(sort))
    assert (report.kind, report.code) == (Kind.COMPLAINT, sort.strip().lower())
    assert report.return_paths[0] == PATH
    assert report.message_ids == (f"{ID}@example.com",)
    assert report.recipients == (ADA,)


@pytest.mark.parametrize("sort", ["not-spam", "auth-failure", "virus", "other", ""])
def test_feedback_that_is_no_complaint(sort: str) -> None:
    assert read(feedback(sort)) is Ignored.NO_COMPLAINT


@pytest.mark.parametrize("raw", [EXIM, QMAIL], ids=["exim", "qmail"])
def test_older_forms_are_known(raw: bytes) -> None:
    report = said(raw)
    assert (report.kind, report.code) == (Kind.ADDRESS, "5.1.1")
    assert PATH in report.return_paths
    assert report.message_ids == (f"{ID}@example.com",)
    assert report.recipients == (ADA,)


def test_an_automatic_answer_is_no_bounce_whatever_it_says() -> None:
    assert read(VACATION) is Ignored.AUTO_REPLY


def test_a_persons_mail_is_no_report() -> None:
    assert read(PERSON) is Ignored.NO_REPORT


def test_headers_alone_may_be_returned() -> None:
    alone = dsn().replace(b"Content-Type: message/rfc822", b"Content-Type: text/rfc822-headers")
    assert said(alone).message_ids == (f"{ID}@example.com",)
    assert said(dsn(returned="")).message_ids == ()
    assert said(dsn(returned="")).return_paths == (PATH,)


def test_where_the_mailbox_says_it_came_to_counts() -> None:
    assert PATH in said(dsn(to="postmaster@example.com", headers=f"X-Original-To: {PATH}\n", returned="")).return_paths


def test_what_it_returns_may_be_cut_off() -> None:
    long = dsn(returned=RETURNED + "x" * 70 + ("\n" + "x" * 70) * 20_000)
    assert said(long) == said(dsn())


# ── hostile mails ────────────────────────────────────────────────────────────────────────────

DEEP = mail("".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(5000)))
NESTED = mail("Content-Type: message/rfc822\n\n" * 20_000)
MANY = mail(
    'Content-Type: multipart/report; boundary="b"\n\n' + "--b\nContent-Type: message/delivery-status\n\nAction: failed\n\n" * 20_000
)
BLOCKS = mail("Content-Type: message/delivery-status\n\n" + "Action: failed\nStatus: 5.1.1\n\n" * 20_000)
FIELDS = mail("To: " + "a@b.c, " * 30_000 + "\n\nx")
NO_END = mail(f'To: {"(" * 120_000}\nX-Failed-Recipients: {"(" * 20_000}"{"<" * 20_000}\n\n')
ONE_LINE = b"Subject: x\r\n\r\nA message that you sent could not be delivered\r\n" + b"x" * 300_000
WORDS = mail("Subject: x\n\nYour message could not be delivered\n" + ("<" + "x " * 400 + "\n") * 300)
DOTS = dsn(status="5." * 60_000, diagnostic="5.1." * 30_000)
IDS = dsn(returned="Message-ID: " + "<" * 200_000 + "\n\n")


@pytest.mark.parametrize(
    "raw",
    [DEEP, NESTED, MANY, BLOCKS, FIELDS, NO_END, ONE_LINE, WORDS, DOTS, IDS, b"", b"\0" * 300_000, b"\r\n" * 200_000, b":" * 300_000],
    ids=["deep", "nested", "many", "blocks", "fields", "no end", "one line", "words", "dots", "ids", "empty", "nul", "lines", "colons"],
)
def test_a_hostile_mail_is_read_in_bounded_time_and_says_a_bounded_amount(raw: bytes) -> None:
    started = time.process_time()
    report = read(raw)
    assert time.process_time() - started < WITHIN
    if isinstance(report, Report):
        assert max(map(len, (report.return_paths, report.message_ids, report.recipients))) <= 100
        assert len(report.code) <= 40


headers = st.sampled_from(
    [
        b"Content-Type",
        b"To",
        b"Message-ID",
        b"Return-Path",
        b"Action",
        b"Status",
        b"Diagnostic-Code",
        b"Feedback-Type",
        b"X-Failed-Recipients",
    ]
)
values = st.one_of(
    st.binary(max_size=80),
    st.sampled_from(
        [
            *(
                b'multipart/report; boundary="b"',
                b"message/delivery-status",
                b"message/feedback-report",
                b"message/rfc822",
                b"failed",
                b"5.1.1",
            ),
            *(b"abuse", b"text/plain; charset=\xff", b"=?utf-8?q?=ff?=", b'multipart/mixed; boundary="\0"', PATH.encode()),
        ]
    ),
)
lines = st.one_of(
    st.tuples(headers, values).map(lambda each: each[0] + b": " + each[1]),
    st.sampled_from([b"", b"--b", b"--b--", b" x"]),
    st.binary(max_size=60),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(lines, max_size=40))
def test_no_mail_raises(lines: list[bytes]) -> None:
    assert isinstance(read(b"\r\n".join(lines)), Report | Ignored)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([dsn(), feedback(), EXIM, QMAIL, VACATION]), st.data())
def test_a_damaged_report_raises_nothing_and_names_no_other_mail(raw: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(raw)))
    report = read(raw[:at] + data.draw(st.binary(max_size=20)) + raw[data.draw(st.integers(at, len(raw))) :])
    assert isinstance(report, Report | Ignored)
    if isinstance(report, Report):
        assert {PATHS.notification_of(each) for each in report.return_paths} <= {ID, None}


def test_the_samples_are_mails() -> None:
    for raw in (dsn(), feedback(), EXIM, QMAIL, VACATION, PERSON):
        assert not email.message_from_bytes(raw, policy=compat32).defects
