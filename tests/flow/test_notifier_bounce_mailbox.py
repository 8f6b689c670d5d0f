"""The mailbox of bounces is read by IMAP: each report counts once, and a mailbox that is away holds up nothing."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from services.notifier import metrics
from services.notifier.channels.email.bounces.mailbox import Mailbox, MailboxError
from services.notifier.channels.email.bounces.report import READ
from shared.events import Contact
from shared.settings import Settings
from tests.builders import customer
from tests.figures import value
from tests.flow.notifier_stage import MINUTE, Stage, impact, kinds, opened, stage
from tests.flow.test_notifier_bounces import ADA, BOB, PATHS, bounce, marked, told
from tests.imap import ImapServer, imap_server
from tests.unit.notifier.bounces.samples import PERSON, VACATION, dsn

pytestmark = pytest.mark.asyncio

LOOK = timedelta(seconds=20)


@dataclass
class Read:
    """A notifier with a mailbox of bounces."""

    on: Stage
    box: ImapServer


@pytest.fixture(params=["", "Done"], ids=["seen", "moved"])
async def reading(fresh_database: Settings, request: pytest.FixtureRequest) -> AsyncIterator[Read]:
    async with imap_server() as box:
        host, port = box.address
        own = {"bounce_imap_host": host, "bounce_imap_port": port, "bounce_imap_tls": "none", "bounce_imap_username": "bounces"}
        mailbox = {**own, "bounce_imap_password": box.password, "bounce_imap_done": request.param}
        async with stage(fresh_database, bounce_address=PATHS.address, **mailbox) as on:
            yield Read(on, box)


async def test_what_arrives_is_taken_once(reading: Read) -> None:
    on, box = reading.on, reading.box
    id_ = await told(on)
    box.bring(VACATION, bounce(id_), PERSON, b"\0\xff", b"")
    await on.loop.advance(LOOK)
    assert await on.ledger() == [("opened", "failed", "address")]
    assert await marked(on) == [ADA]
    assert box.unseen() == 0
    fetched = box.asked.count("FETCH")
    await on.loop.advance(MINUTE)
    assert box.asked.count("FETCH") == fetched == 5
    assert kinds(on.said()) == ["delivered", "bounced", "failed"]


@pytest.mark.parametrize("at", ["STORE", "LOGOUT"])
async def test_a_connection_that_dies_after_a_mail_was_taken_changes_nothing(reading: Read, at: str) -> None:
    on, box = reading.on, reading.box
    id_ = await told(on)
    box.bring(bounce(id_))
    box.hangs_up_at = at
    await on.loop.advance(LOOK)
    assert await on.ledger() == [("opened", "failed", "address")]
    box.hangs_up_at = ""
    before = await on.everything()
    await on.loop.advance(2 * MINUTE)
    after = await on.everything()
    assert {table: rows for table, rows in after.items() if table != "due"} == {k: rows for k, rows in before.items() if k != "due"}
    assert box.unseen() == 0
    assert len(await on.rows("SELECT * FROM returned_mails")) == 1


@pytest.mark.parametrize("at", ["LOGIN", "SELECT", "SEARCH", "FETCH"])
async def test_a_mailbox_that_cannot_be_read_is_asked_again_and_holds_up_nothing(
    reading: Read, at: str, caplog: pytest.LogCaptureFixture
) -> None:
    on, box = reading.on, reading.box
    id_ = await told(on)
    box.bring(bounce(id_))
    box.refuses.add(at)
    await on.loop.advance(LOOK)
    assert "the mailbox of bounces cannot be read: could not" in caplog.text
    assert box.password not in caplog.text
    assert ADA not in caplog.text
    assert value(metrics.BOUNCE_MAILBOX_FAILED_AT) == on.now.timestamp()
    await on.hear(opened(on.now, "i-2"), impact(on.now, "c-1", incident_id="i-2"))
    assert await on.ledger() == [("opened", "delivered", None)] * 2
    box.refuses.clear()
    await on.loop.advance(MINUTE)
    assert await on.ledger() == [("opened", "failed", "address"), ("opened", "delivered", None)]


async def test_when_it_was_read_is_measured(reading: Read) -> None:
    on = reading.on
    await on.loop.advance(LOOK)
    assert value(metrics.BOUNCE_MAILBOX_READ_AT) == on.now.timestamp()


async def test_a_huge_mail_is_read_in_part(reading: Read) -> None:
    on, box = reading.on, reading.box
    id_ = await told(on, ADA, BOB)
    box.bring(bounce(id_) + b"x" * (4 * READ))
    await on.loop.advance(LOOK)
    assert await marked(on) == [ADA]


async def test_many_mails_are_taken_in_pieces(reading: Read) -> None:
    on, box = reading.on, reading.box
    await on.hear(customer("c-1", at=on.now, contacts=(Contact(channel="email", address=ADA),)))
    box.bring(*(dsn(to=f"nobody-{number}@example.com", returned="") for number in range(450)))
    await on.loop.advance(LOOK)
    assert box.unseen() == 0
    assert box.asked.count("LOGIN") >= 3


async def test_a_server_that_cannot_move_gets_a_copy_and_a_deletion() -> None:
    async with imap_server() as box:
        box.can_move = False
        box.bring(b"one", b"two")
        async with Mailbox(*box.address, "bounces", box.password, done="Done", tls="none").opened() as found:
            assert await found.unread() == ["1", "2"]
            await found.done("1")
            assert await found.unread() == ["2"]
        assert [letter.raw for letter in box.folders["Done"]] == [b"one"]
        assert box.folders["INBOX"][0].flags == {"\\Seen", "\\Deleted"}


async def test_a_wrong_password_says_nothing_of_it() -> None:
    async with imap_server() as box:
        with pytest.raises(MailboxError, match=r"^could not log in: error$"):
            async with Mailbox(*box.address, "bounces", "wrong one", tls="none").opened():
                pass


async def test_a_server_that_is_away_is_an_error_of_ours() -> None:
    with pytest.raises(MailboxError, match="could not connect"):
        async with Mailbox("127.0.0.1", 1, "bounces", "x", tls="none").opened():
            pass
