"""Both mailboxes, one suite: our SMTP server and MailDev's REST API list the same mails with the same labels."""

import json
import os
import re
import shutil
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiosmtplib
import pytest

from deploy.local.mailbox import Mailbox, MailDev
from deploy.local.postgres import postgres
from deploy.local.processes import Failed
from deploy.local.smtp import Inbox, inbox
from deploy.local.stack import _temporary_folder


def mail(number: int, kind: str | None = None, ticket: str | None = None) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "support@example.com"
    message["To"] = f"c-{number}@example.org"
    message["Subject"] = "Checkout: we are on it – Störung"
    message["Message-ID"] = f"<n-{number}@example.com>"
    if kind:
        message["X-Forewarn-Kind"] = kind
        message["X-Forewarn-Incident"] = "incident-1"
    if ticket:
        message["X-Forewarn-Ticket"] = ticket
    message.set_content("Dear customer, grüße")
    message.add_alternative("<p>Dear customer</p>", subtype="html")
    return message


def as_maildev_shows(message: EmailMessage, id_: str) -> dict[str, Any]:
    """Returns the fields of MailDev's answer that we read, as its documentation shows them."""
    body = message.get_body(("plain",))
    return {
        "id": id_,
        "time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "subject": message["Subject"],
        "text": body.get_content() if body else "",
        "headers": {name.lower(): str(value) for name, value in message.items()},
        "envelope": {"from": {"address": "support@example.com"}, "to": [{"address": message["To"]}]},
    }


class Delivery:
    """A mailbox under test, and the way in which mail gets into it."""

    def __init__(self, box: Mailbox, shown: list[dict[str, Any]] | None = None) -> None:
        self.box, self._shown = box, shown

    async def bring(self, message: EmailMessage) -> None:
        if self._shown is not None:
            self._shown.append(as_maildev_shows(message, f"mail{len(self._shown)}"))
        elif isinstance(self.box, Inbox):
            host, port = self.box.address
            await aiosmtplib.send(message, hostname=host, port=port, start_tls=False)


@contextmanager
def maildev(shown: list[dict[str, Any]]) -> Iterator[str]:
    """Yields an HTTP server that answers GET /email?skip=n as MailDev does."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            skip = int(parse_qs(asked.query).get("skip", ["0"])[0])
            body = json.dumps(shown[skip:]).encode()
            self.send_response(200 if asked.path == "/email" else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Prints nothing in tests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(params=["smtp", "maildev"])
async def delivery(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Delivery]:
    async with AsyncExitStack() as stack:
        if request.param == "smtp":
            yield Delivery(await stack.enter_async_context(inbox(tmp_path / "mail")))
        else:
            shown: list[dict[str, Any]] = []
            yield Delivery(MailDev(stack.enter_context(maildev(shown))), shown)


async def test_a_mail_is_listed_with_what_the_notifier_says_about_it(delivery: Delivery) -> None:
    before = datetime.now(UTC)
    await delivery.bring(mail(17, kind="answer", ticket="ticket-9"))
    (listed,) = await delivery.box.mails()
    assert (listed.to, listed.message_id) == ("c-17@example.org", "<n-17@example.com>")
    assert (listed.kind, listed.incident_id, listed.ticket_id) == ("answer", "incident-1", "ticket-9")
    assert listed.subject == "Checkout: we are on it – Störung"
    assert listed.text.strip() == "Dear customer, grüße"
    assert before <= listed.received_at <= datetime.now(UTC)


async def test_a_mail_from_somebody_else_has_no_kind(delivery: Delivery) -> None:
    await delivery.bring(mail(1))
    (listed,) = await delivery.box.mails()
    assert (listed.kind, listed.incident_id, listed.ticket_id) == (None, None, None)


async def test_every_mail_is_listed_once_however_often_one_asks(delivery: Delivery) -> None:
    for number in range(5):
        await delivery.bring(mail(number))
        assert [m.to for m in await delivery.box.mails()] == [f"c-{n}@example.org" for n in range(number + 1)]


async def test_the_inbox_keeps_each_mail_as_a_file_to_look_at(tmp_path: Path) -> None:
    async with inbox(tmp_path / "mail") as box:
        await Delivery(box).bring(mail(17, kind="opened"))
    (file,) = (tmp_path / "mail").iterdir()
    assert file.name == "00001-opened-c-17@example.org.eml"
    assert b"Message-ID: <n-17@example.com>" in file.read_bytes()


async def test_the_name_of_a_mails_file_has_nothing_of_a_mail_that_could_harm(tmp_path: Path) -> None:
    async with inbox(tmp_path / "mail") as box:
        await Delivery(box).bring(mail(17, kind="../\u202e\x1b[31m" + "x" * 300))
    (file,) = (tmp_path / "mail").iterdir()
    assert re.fullmatch(r"[\w.@+-]{1,110}", file.name, re.ASCII)


def test_what_is_no_address_of_a_maildev_is_refused() -> None:
    with pytest.raises(Failed, match="not the address of a MailDev"):
        MailDev("file:///etc")


async def test_nobody_else_on_this_machine_reads_the_mails_or_the_logs_of_an_embedded_stack() -> None:
    before = os.umask(0o022)
    try:
        folder = _temporary_folder()
        (folder / "mail").mkdir(mode=0o755)  # as an earlier version left it
        async with inbox(folder / "mail"), postgres(folder / "postgres"):
            modes = {each.name: oct(each.stat().st_mode & 0o777) for each in folder.iterdir() if each.is_dir()}
        shutil.rmtree(folder)
    finally:
        os.umask(before)
    assert modes == {"logs": "0o700", "mail": "0o700", "postgres": "0o700"}
