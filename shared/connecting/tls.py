"""Makes TLS contexts for clients from files that are read anew when they change, so that rotating certificates needs no restart."""

import logging
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

Mark = tuple[int, int, int] | None  # what changes when a file does; None when there is no such file


class Unusable(ValueError):
    """A TLS file cannot be used; the text names the file and never quotes it."""

    def __init__(self, which: str, name: str, why: str) -> None:
        """Takes the field of Files as `which`, and the file's name as `name`."""
        super().__init__(f"{shown(name)} {why}")
        self.which = which


@dataclass(frozen=True)
class Files:
    """Names files in PEM; an empty name means that there is none."""

    ca: str = ""  # certificates of the authorities we trust; the system's when there is none
    certificate: str = ""  # ours, with those that link it to its authority
    key: str = ""  # the private key of that; it may stand in the same file
    key_password: str = field(default="", repr=False)

    def marks(self) -> tuple[Mark, ...]:
        """Returns marks that stay equal as long as no file is written or replaced."""
        return tuple(_mark(name) for name in (self.ca, self.certificate, self.key) if name)

    def context(self, *, check_hostname: bool = True) -> ssl.SSLContext:
        """Makes a context that trusts and presents what the files hold now. Raises Unusable."""
        for which in ("ca", "certificate", "key"):
            if name := getattr(self, which):
                _must_be_readable(which, name)
        try:
            context = ssl.create_default_context(cafile=self.ca or None)
        except ssl.SSLError:
            raise Unusable("ca", self.ca, "has no certificate in PEM") from None
        context.check_hostname = check_hostname
        # From Python 3.13 on the default wants each extension of RFC 5280, which companies' own authorities often lack.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if self.certificate:
            try:
                # Without a password of ours OpenSSL would ask for one at the terminal.
                context.load_cert_chain(self.certificate, self.key or None, lambda: self.key_password)
            except ssl.SSLError as error:
                why = f"cannot be used ({error.reason or 'no PEM'}): certificate and key do not belong together, or the password is wrong"
                raise Unusable("key" if self.key else "certificate", self.key or self.certificate, why) from None
        return context


class Renewed(ssl.SSLContext):
    """Checks its files before each handshake, and uses what they hold by then.

    Clients keep their context for as long as they live, so each new connection goes by a context behind this one. That one is made
    anew when a file changed: an authority that was taken out of the file is trusted no longer. Connections that are open stay open.
    """

    def __new__(cls, files: Files, *, check_hostname: bool = True) -> "Renewed":  # noqa: ARG004  as __init__ takes them
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def __init__(self, files: Files, *, check_hostname: bool = True) -> None:
        self._files, self._check_hostname = files, check_hostname
        self._marks = files.marks()
        self._inside = files.context(check_hostname=check_hostname)

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
        """Serves asyncio and uvloop, which call it for each connection."""
        return self._current().wrap_bio(*args, **options)

    def wrap_socket(self, *args: Any, **options: Any) -> ssl.SSLSocket:
        """Serves clients that block, such as imaplib."""
        return self._current().wrap_socket(*args, **options)

    def _current(self) -> ssl.SSLContext:
        if (marks := self._files.marks()) != self._marks:
            self._marks = marks
            try:
                self._inside = self._files.context(check_hostname=self._check_hostname)
                log.warning("TLS files have changed; new connections use them")
            except Unusable as error:  # half of a change: the next file that is written ends it
                log.error("TLS files have changed, and the old ones stay in use: %s", error)
        return self._inside


def unverified() -> ssl.SSLContext:
    """Makes a context that encrypts and trusts anybody."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _mark(name: str) -> Mark:
    try:
        found = Path(name).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _must_be_readable(which: str, name: str) -> None:
    try:
        Path(name).open("rb").close()
    except OSError as error:
        raise Unusable(which, name, f"cannot be read: {error.strerror}") from None


def shown(name: str) -> str:
    """Returns the name of a file, unless it seems to be the file's content, given by mistake."""
    return repr(name) if len(name) < 200 and name.isprintable() and "-----" not in name else "what it holds (not shown: it is no path)"
