"""A mail server whose certificate an authority of one's own signed is talked to when FOREWARN_SMTP_CA names that, and else not."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
import uvloop
from aiosmtpd.smtp import SMTP, Session
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509 import CertificateBuilder, load_pem_x509_certificate

from services.notifier.channels.email.carrying import carry
from services.notifier.channels.email.connections import Connections
from services.notifier.channels.email.pipelining import Limits, ready
from services.notifier.channels.email.probing import mail_server
from services.notifier.channels.outcome import Delivered, Outcome, Retry, Trouble
from tests.certificates import Authority, authority

Way = Literal["tls", "starttls"]


class Expired(Authority):
    """An authority whose certificates were good until yesterday."""

    def sign(self, name: str, *hosts: str) -> tuple[Path, Path]:
        certificate, key = super().sign(name, *hosts)
        ours = load_pem_private_key((self.folder / f"{self.name}.key").read_bytes(), None)
        assert isinstance(ours, RSAPrivateKey)
        good = load_pem_x509_certificate(certificate.read_bytes())
        yesterday = datetime.now(UTC) - timedelta(days=1)
        old = CertificateBuilder(good.issuer, good.subject, good.public_key(), good.serial_number, extensions=list(good.extensions))
        old = old.not_valid_before(yesterday - timedelta(days=1)).not_valid_after(yesterday)
        certificate.write_bytes(old.sign(ours, SHA256()).public_bytes(Encoding.PEM))
        return certificate, key


class Anything:
    """Takes every mail, and says that commands may come several at once."""

    async def handle_EHLO(self, _server: object, session: Session, _envelope: object, name: str, answers: list[str]) -> list[str]:
        session.host_name = name
        return [*answers[:1], "250-PIPELINING", *answers[1:]]

    async def handle_DATA(self, *_: object) -> str:
        return "250 taken"


@asynccontextmanager
async def server(of: Authority, way: Way) -> AsyncIterator[int]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*of.sign("mail", "localhost"))
    loop = asyncio.get_running_loop()
    outside, inside = (context, None) if way == "tls" else (None, context)
    listening = await loop.create_server(
        lambda: SMTP(Anything(), hostname="localhost", loop=loop, tls_context=inside), "127.0.0.1", 0, ssl=outside
    )
    async with listening:
        yield listening.sockets[0].getsockname()[1]


@pytest.mark.parametrize("way", ["tls", "starttls"])
async def test_a_mail_server_is_trusted_by_the_file_that_is_given_and_not_without_it(way: Way, tmp_path: Path) -> None:
    own = authority(tmp_path)
    async with server(own, way) as port:
        wire = await Connections("localhost", port, own_name="example.org", tls=way, ca=str(own.ca)).take()
        assert wire.is_open
        wire.close()
        with pytest.raises(OSError, match=r"(?i)certificate.verify.failed"):
            await Connections("localhost", port, own_name="example.org", tls=way).take()


@pytest.mark.parametrize("way", ["tls", "starttls"])
@pytest.mark.parametrize("new_loop", [uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
def test_mails_that_go_together_go_encrypted_on_the_loop_that_is_used_in_production_and_on_pythons_own(
    way: Way, new_loop: Callable[[], asyncio.AbstractEventLoop], tmp_path: Path
) -> None:
    own = authority(tmp_path)
    mails = [ready(f"n-{at}", "us@example.org", f"c-{at}@example.org", b"Subject: x\r\n\r\n" + b"x\r\n" * 3000) for at in range(30)]

    async def send() -> list[Outcome]:
        async with server(own, way) as port:
            connections = Connections("localhost", port, own_name="example.org", tls=way, ca=str(own.ca))
            outcomes = await carry(connections, mails, Limits())
            (wire,) = [await connections.take()]
            wire.close()
            return list(outcomes.values())

    def on_a_loop_of_its_own() -> list[Outcome]:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            return runner.run(send())

    with ThreadPoolExecutor(1) as aside:  # this thread has a loop that runs
        assert aside.submit(on_a_loop_of_its_own).result(20) == [Delivered("250")] * len(mails)


async def test_a_certificate_that_has_expired_is_tried_again_and_stops_no_worker(tmp_path: Path) -> None:
    own = authority(tmp_path)
    expired = Expired(tmp_path, own.name)
    async with server(expired, "starttls") as port:
        connections = Connections("localhost", port, own_name="example.org", tls="starttls", ca=str(own.ca))
        mail = ready("n-1", "us@example.org", "ada@example.org", b"Subject: x\r\n\r\nx\r\n")
        [outcome] = (await carry(connections, [mail], Limits())).values()
    assert isinstance(outcome, Retry)
    assert outcome.reason is Trouble.UNREACHABLE


async def test_whether_the_mail_server_is_there_is_asked_with_the_same_file(tmp_path: Path) -> None:
    own = authority(tmp_path)
    async with server(own, "starttls") as port:
        await mail_server("localhost", port, own_name="example.org", tls="starttls", ca=str(own.ca)).probe()
