"""A TLS client uses what its files hold when a connection begins, and says which file is wrong."""

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from shared.connecting.tls import Files, Renewed, Unusable
from tests.certificates import PASSWORD, Authority, authority, locked

SECRET = "-----BEGIN PRIVATE KEY-----\nc4nary\n"


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory) -> tuple[Authority, Authority]:
    folder = tmp_path_factory.mktemp("authorities")
    return authority(folder, "old"), authority(folder, "new")


@asynccontextmanager
async def server(of: Authority, *, asks: Authority | None = None) -> AsyncIterator[int]:
    """Yields a TLS server for `localhost`; `asks` for a certificate that this authority signed."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*of.sign("server", "localhost"))
    if asks is not None:
        context.load_verify_locations(asks.ca)
        context.verify_mode = ssl.CERT_REQUIRED

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello\n")
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0, ssl=context) as listening:
        yield listening.sockets[0].getsockname()[1]


async def greeted(port: int, context: ssl.SSLContext, host: str = "localhost") -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=host)
    try:
        return await reader.readline()
    finally:
        writer.close()


async def test_an_authority_that_takes_the_place_of_another_is_trusted_from_the_next_connection_on(
    signing: tuple[Authority, Authority], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    old, new = signing
    trusted = tmp_path / "ca.pem"
    trusted.write_bytes(old.ca.read_bytes())
    context = Renewed(Files(str(trusted)))
    async with server(old) as before, server(new) as after:
        assert await greeted(before, context) == b"hello\n"
        with pytest.raises(ssl.SSLCertVerificationError):
            await greeted(after, context)
        trusted.write_bytes(old.ca.read_bytes() + new.ca.read_bytes())
        assert [await greeted(port, context) for port in (before, after)] == [b"hello\n"] * 2
        trusted.write_bytes(new.ca.read_bytes())
        assert await greeted(after, context) == b"hello\n"
        with pytest.raises(ssl.SSLCertVerificationError):  # whoever was taken out of the file is trusted no longer
            await greeted(before, context)
    assert caplog.text.count("TLS files have changed; new connections use them") == 2


async def test_half_of_a_change_leaves_the_old_files_in_use(
    signing: tuple[Authority, Authority], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    old, _ = signing
    certificate, key = tmp_path / "client.pem", tmp_path / "client.key"
    (one, its_key), (other, other_key) = old.sign("one"), old.sign("other")
    certificate.write_bytes(one.read_bytes())
    key.write_bytes(its_key.read_bytes())
    context = Renewed(Files(str(old.ca), str(certificate), str(key)))
    async with server(old, asks=old) as port:
        assert await greeted(port, context) == b"hello\n"
        certificate.write_bytes(other.read_bytes())
        assert await greeted(port, context) == b"hello\n"
        assert "the old ones stay in use" in caplog.text
        key.write_bytes(other_key.read_bytes())
        assert await greeted(port, context) == b"hello\n"
        assert caplog.records[-1].levelno == logging.WARNING


async def test_a_server_is_who_its_certificate_says(signing: tuple[Authority, Authority]) -> None:
    old, _ = signing
    async with server(old) as port:
        with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
            await greeted(port, Renewed(Files(str(old.ca))), host="elsewhere")
        assert await greeted(port, Renewed(Files(str(old.ca)), check_hostname=False), host="elsewhere") == b"hello\n"


def test_a_file_that_cannot_be_used_is_named_and_not_quoted(signing: tuple[Authority, Authority], tmp_path: Path) -> None:
    old, new = signing
    (certificate, key), (_, other_key) = old.sign("named"), new.sign("named")
    nonsense, encrypted = tmp_path / "nonsense.pem", locked(key)
    nonsense.write_text(SECRET)
    wrong = {
        "ca": [Files(str(tmp_path / "missing")), Files(str(nonsense)), Files(str(tmp_path)), Files(SECRET)],
        "certificate": [Files(certificate=str(tmp_path / "missing"), key=str(key)), Files(certificate=str(nonsense))],
        "key": [
            Files(certificate=str(certificate), key=str(tmp_path / "missing")),
            Files(certificate=str(certificate), key=str(other_key)),
            Files(certificate=str(certificate), key=str(encrypted)),
            Files(certificate=str(certificate), key=str(encrypted), key_password="not-it"),
        ],
    }
    for which, files in wrong.items():
        for each in files:
            with pytest.raises(Unusable) as refused:
                each.context()
            assert refused.value.which == which
            assert "c4nary" not in str(refused.value)
            assert "not-it" not in str(refused.value) + repr(each)
    assert Files(certificate=str(certificate), key=str(encrypted), key_password=PASSWORD).context()


async def test_a_client_that_blocks_trusts_the_same(signing: tuple[Authority, Authority]) -> None:
    old, new = signing

    def greeted_by(port: int) -> bytes:
        with (
            socket.create_connection(("127.0.0.1", port)) as plain,
            Renewed(Files(str(old.ca))).wrap_socket(plain, server_hostname="localhost") as wrapped,
        ):
            return wrapped.recv(6)

    async with server(old) as ours, server(new) as others:
        assert await asyncio.to_thread(greeted_by, ours) == b"hello\n"
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.to_thread(greeted_by, others)
