"""A second mail server for tests: Postfix as Debian packages it, with a configuration, a queue and mailboxes of its own.

It takes mail for `@example.org` on a free port of this machine. It needs root, as Postfix does to start.
"""

import asyncio
import mailbox
import os
import pwd
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.ports import free_port
from tests.certificates import authority

DOMAIN, HOST = "example.org", "localhost"
OWNER = "nobody"  # whose the mailboxes are: any user but root

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = loopback-only
inet_protocols = ipv4
myhostname = {host}
mydestination =
mynetworks = 127.0.0.0/8
local_recipient_maps =
alias_maps =
alias_database =
smtputf8_enable = yes
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_reject_unlisted_recipient = yes
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_security_level = may
virtual_mailbox_domains = {domain}
virtual_mailbox_maps = texthash:{folder}/mailboxes
virtual_mailbox_base = {folder}/mail
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
"""
# service, type, private, unprivileged, chroot, wakes up, processes at most, program
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
virtual unix - n n - - virtual
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
"""


@dataclass(frozen=True)
class Postfix:
    """The server; it keeps the mail of each mailbox in a Maildir."""

    folder: Path
    port: int
    ca: Path  # signed its certificate

    def came(self, name: str) -> list[bytes]:
        """Returns the mails of a mailbox as they are stored."""
        path = self.folder / "mail" / name
        if not (path / "new").is_dir():
            return []
        return [kept.as_bytes() for kept in mailbox.Maildir(path, mailbox.MaildirMessage, create=False)]

    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text() if path.exists() else ""


@asynccontextmanager
async def postfix(*mailboxes: str) -> AsyncIterator[Postfix]:
    """Yields a running server that has these mailboxes. Its folder is outside of pytest's, which other users cannot enter."""
    if shutil.which("postfix") is None or os.geteuid() != 0:
        pytest.fail("install Debian's package `postfix`, without a configuration of its own, and run this as root")
    folder = Path(tempfile.mkdtemp(prefix="forewarn-postfix-"))
    try:
        port = free_port()
        made = Postfix(folder, port, _configured(folder, port, mailboxes))
        await _postfix(folder, "start")
        try:
            yield made
        finally:
            await _postfix(folder, "stop")
    finally:
        shutil.rmtree(folder)


def _configured(folder: Path, port: int, mailboxes: tuple[str, ...]) -> Path:
    """Writes the configuration; returns the certificate of the authority that signed the server's."""
    folder.chmod(0o755)
    owner, own = pwd.getpwnam(OWNER), authority(folder)
    certificate, key = own.sign("mail", HOST)
    key.chmod(0o600)
    for name, user in (("spool", "root"), ("data", "postfix"), ("mail", OWNER)):
        (folder / name).mkdir()
        shutil.chown(folder / name, user)
    values = {"folder": folder, "host": HOST, "domain": DOMAIN, "certificate": certificate, "key": key}
    (folder / "main.cf").write_text(MAIN.format(**values, uid=owner.pw_uid, gid=owner.pw_gid))
    (folder / "mailboxes").write_text("".join(f"{name}@{DOMAIN} {name}/\n" for name in mailboxes))
    (folder / "master.cf").write_text(MASTER.format(port=port))
    return own.ca


async def _postfix(folder: Path, command: str) -> None:
    """Runs `postfix start` or `stop`; one that fails fails the test with what it says."""
    piped = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec("postfix", "-c", str(folder), command, stdout=piped, stderr=asyncio.subprocess.STDOUT)
    said, _ = await process.communicate()
    log = folder / "log"
    assert process.returncode == 0, (command, said.decode(), log.read_text() if log.exists() else "")
