"""Each mail has a return path of its own (VERP): what comes back to it names the notification, whatever else it quotes. Pure.

The token in it is `id | digest of the address | seal`: the UUID of the notification, by which of a customer's addresses the mail
went out, and an HMAC under a secret, so that nobody else can make one. It is in base32, since servers may change the case of a
local part (RFC 5321, 2.3.11 forbids it, and some do).
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from uuid import UUID

from services.notifier.audience import is_address

ID, ADDRESS, SEAL = 16, 3, 9  # octets; 28 of them are 45 characters of base32
TOKEN = 45
LOCAL_PART = 64  # octets, at most (RFC 5321, 4.5.3.1.1)
LONGEST_LOCAL = LOCAL_PART - TOKEN - 1  # of the address that is configured


@dataclass(frozen=True, slots=True)
class ReturnPaths:
    """Makes the return paths of mails, and reads them again: `bounces@example.com` becomes `bounces+<token>@example.com`."""

    address: str
    secret: bytes = field(repr=False)

    def return_path(self, notification_id: str, to: str = "") -> str:
        """Returns the sender of the envelope (MAIL FROM) for this notification to this address.

        An id that is no UUID has the configured address itself: its bounces are matched by their Message-ID.
        """
        try:
            said = UUID(notification_id).bytes + self._digest(to)
        except ValueError:
            return self.address
        token = base64.b32encode(said + self._seal(said)).decode().rstrip("=").lower()
        local, _, domain = self.address.rpartition("@")
        return f"{local}+{token}@{domain}"

    def notification_of(self, return_path: str) -> str | None:
        """Returns the id of the notification that a return path of ours names; None for any other address."""
        said = self._said(return_path)
        return None if said is None else str(UUID(bytes=said[:ID]))

    def went_to(self, return_path: str, address: str) -> bool:
        """Says whether the mail with this return path went to this address."""
        said = self._said(return_path)
        return said is not None and hmac.compare_digest(said[ID:], self._digest(address))

    def _said(self, return_path: str) -> bytes | None:
        """Returns what a token of ours says, in the same time however much of its seal is right."""
        local, _, domain = return_path.strip().strip("<>").lower().rpartition("@")
        own_local, _, own_domain = self.address.lower().rpartition("@")
        prefix, token = f"{own_local}+", local.removeprefix(f"{own_local}+")
        if domain != own_domain or not local.startswith(prefix) or len(token) != TOKEN:
            return None
        try:
            raw = base64.b32decode(token.upper().encode("ascii") + b"===")
        except ValueError:
            return None
        said, seal = raw[: ID + ADDRESS], raw[ID + ADDRESS :]
        return said if hmac.compare_digest(seal, self._seal(said)) else None

    def _seal(self, said: bytes) -> bytes:
        return hmac.digest(self.secret, b"forewarn.return-path\n" + said, hashlib.sha256)[:SEAL]

    def _digest(self, address: str) -> bytes:
        return hmac.digest(self.secret, b"forewarn.sent-to\n" + address.encode("utf-8", "surrogatepass"), hashlib.sha256)[:ADDRESS]


def address_trouble(address: str) -> str | None:
    """Returns why bounces cannot come to this address; None when they can."""
    local = address.rpartition("@")[0]
    if not address.isascii() or not is_address(address):
        return "it is no address in ASCII: name@domain"
    if len(local) > LONGEST_LOCAL:
        return f"before the @ it has more than {LONGEST_LOCAL} characters: with the token of a mail it has {LOCAL_PART} at most"
    return None
