"""Signatures of mails hold for another implementation of DKIM (dkimpy), and no longer when anything that they cover is changed."""

import base64
import re
from dataclasses import replace

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from dkim.canonicalization import Relaxed
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifier.channels.email.dkim import Signer, relaxed_body
from services.notifier.channels.email.mail import Sender, compose
from services.notifier.channels.outcome import Rendered
from services.notifier.notification import Kind
from tests.builders import NOON

SENDER = Sender("Shop", "support@example.com")
MESSAGE = Rendered(
    "n-2", "opened", "ada@example.org", "Ada", "checkout", "Hello\n", "i-1", "t-1", "https://x.example/u/t", ("n-1",), date=NOON
)
Key = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey
PEM, RAW = serialization.Encoding.PEM, serialization.Encoding.Raw
RSA, ED25519 = rsa.generate_private_key(65537, 2048), ed25519.Ed25519PrivateKey.generate()


def pem_of(key: Key, encryption: serialization.KeySerializationEncryption | None = None) -> str:
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, encryption or serialization.NoEncryption()).decode()


def in_dns(key: Key) -> bytes:
    """Returns the record that a receiver finds."""
    if isinstance(key, rsa.RSAPrivateKey):
        kind, public = b"rsa", key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    else:
        kind, public = b"ed25519", key.public_key().public_bytes(RAW, serialization.PublicFormat.Raw)
    return b"v=DKIM1; k=%s; p=%s" % (kind, base64.b64encode(public))


def holds(mail: bytes, key: Key) -> bool:
    def record(name: bytes, timeout: int = 5) -> bytes | None:
        return in_dns(key) if name == b"s1._domainkey.example.com." else None

    return bool(dkim.verify(mail, dnsfunc=record))


@pytest.fixture(scope="module", params=[RSA, ED25519], ids=["rsa", "ed25519"])
def key(request: pytest.FixtureRequest) -> Key:
    found: Key = request.param
    return found


def signed(message: Rendered, key: Key) -> bytes:
    return Signer("example.com", "s1", pem_of(key)).signed(compose(message, SENDER))


def test_a_mail_of_every_kind_is_signed_and_one_click_unsubscribe_is_covered(key: Key) -> None:
    for kind in Kind:
        mail = signed(replace(MESSAGE, kind=kind), key)
        assert holds(mail, key)
        covered = re.sub(rb"\s", b"", re.search(rb"h=([^;]*);", mail)[1]).split(b":")  # type: ignore[index]
        for name in (b"from", b"subject", b"message-id", b"references", b"list-unsubscribe", b"list-unsubscribe-post"):
            assert covered.count(name) == 2, "as often as it is there, and once more: nobody can add one"


def test_what_is_changed_on_the_way_holds_no_longer(key: Key) -> None:
    mail = signed(MESSAGE, key)
    assert not holds(mail.replace(b"Hello", b"Hallo"), key)
    assert not holds(mail.replace(b"Subject: checkout", b"Subject: payment"), key)
    assert not holds(mail.replace(b"https://x.example/u/t", b"https://y.example/u/t", 1), key)
    assert not holds(b"List-Unsubscribe: <https://evil.example/>\r\n" + mail, key)
    assert not holds(b"From: Eve <eve@example.net>\r\n" + mail, key)
    assert not holds(b"Reply-To: eve@example.net\r\n" + mail, key)


def test_what_relays_may_change_does_not_matter(key: Key) -> None:
    mail = signed(MESSAGE, key)
    assert holds(b"Received: from us\r\n\tby them\r\n" + mail, key)
    assert holds(mail.replace(b"Subject: checkout", b"subject:   checkout  "), key)
    assert holds(mail + b"\r\n\r\n", key)


@settings(max_examples=200, deadline=None)
@given(
    name=st.text(max_size=130),
    subject=st.text(max_size=260),
    text=st.text(max_size=400) | st.text(" \t\r\n.=a", max_size=60),
    earlier=st.lists(st.sampled_from(["n-1", "a" * 60, "b" * 36]), max_size=30),
    link=st.sampled_from([None, "https://x.example/u/t", "https://x.example/" + "u" * 900]),
)
def test_whatever_is_said_in_a_mail_its_signature_holds(name: str, subject: str, text: str, earlier: list[str], link: str | None) -> None:
    message = replace(MESSAGE, name=name, subject=subject, text=text, earlier=tuple(earlier), unsubscribe=link)
    assert holds(signed(message, ED25519), ED25519)


@given(st.text(" \t\r\nab", max_size=40).map(lambda text: re.sub(r"\r\n|\r|\n", "\r\n", f"{text}\n").encode()))
def test_bodies_are_canonical_as_another_implementation_has_them(body: bytes) -> None:
    assert relaxed_body(body) == Relaxed.canonicalize_body(body)


def test_a_key_that_is_none_or_too_weak_is_refused_and_not_shown() -> None:
    encrypted = pem_of(RSA, serialization.BestAvailableEncryption(b"x"))
    weak = pem_of(rsa.generate_private_key(65537, 1024))  # noqa: S505  weak on purpose
    other = pem_of(ec.generate_private_key(ec.SECP256R1()))
    for pem in ("", "no key", encrypted, weak, other):
        with pytest.raises(ValueError, match=r"^it is n") as refused:
            Signer("example.com", "s1", pem)
        assert not pem or pem not in str(refused.value)
